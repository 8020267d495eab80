"""A person's shared wallet."""
