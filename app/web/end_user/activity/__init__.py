"""Every movement of a person's shared wallet."""
