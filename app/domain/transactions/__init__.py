"""Transactions that we send to chains: numbered by our own rows, their bytes stored before they go out."""
