"""How others write things, read."""
