"""What forms that publish a version have in common: the version they were read from, and what changed since."""
