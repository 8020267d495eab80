"""A paywall's books, entry by entry, and as a file."""
