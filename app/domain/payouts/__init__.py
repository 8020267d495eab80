"""Payouts: earnings on their way to an address on a chain, from their request to what the chain made of them."""
