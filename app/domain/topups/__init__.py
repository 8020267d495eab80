"""Top-ups: money paid in, its states and legal changes."""
