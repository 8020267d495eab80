"""A paywall by clicking: what its wizard keeps step by step, and how the paywall is made of it."""
