"""What developers and operators set up by our own pages, where a secret must not pass a page's state."""
