"""Pages for end users."""
