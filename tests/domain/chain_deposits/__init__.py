"""Tests of `app/domain/chain_deposits`."""
