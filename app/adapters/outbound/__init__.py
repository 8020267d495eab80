"""The way out to what developers name: guarded, signed."""
