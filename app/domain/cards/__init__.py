"""Saved cards, what their owners let us charge by itself, and each charge, from its claim to what became of it."""
