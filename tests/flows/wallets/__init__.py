"""Tests of `app/flows/wallets`."""
