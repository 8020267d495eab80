"""Stripe's objects: what can be asked of each, and what happens to it."""
