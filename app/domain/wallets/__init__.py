"""Wallets: what is charged, what it holds, and its statement."""
