"""Wallets as an operator finds them, and what they do about one."""
