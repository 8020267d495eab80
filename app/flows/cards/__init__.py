"""Saved cards: kept, removed and charged, by their owners or by themselves."""
