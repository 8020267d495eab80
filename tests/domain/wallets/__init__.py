"""Tests of app/domain/wallets."""
