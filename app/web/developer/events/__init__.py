"""Whom a paywall tells of what happens, and how each delivery went."""
