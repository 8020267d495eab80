"""Tests of `app/adapters/chain/contracts`."""
