"""Deposits that people sign in their own wallets, and whose gas we pay."""
