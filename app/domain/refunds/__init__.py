"""Refunds: money that came and could not be credited, on its way back to whoever paid it."""
