"""Reserves: what stands on chains against what is owed, at one final block each, as it is published."""
