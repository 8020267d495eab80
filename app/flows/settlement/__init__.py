"""Money on chains: what we send there, and what becomes of it."""
