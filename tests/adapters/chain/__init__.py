"""Tests of the chain's adapter, on a real Anvil with Circle's own token."""
