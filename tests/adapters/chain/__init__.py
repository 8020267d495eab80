"""Tests of `app/adapters/chain`."""
