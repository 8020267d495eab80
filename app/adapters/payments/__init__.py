"""Payment rails, one a file."""
