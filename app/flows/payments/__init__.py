"""Money that comes in: checkouts, and what was received."""
