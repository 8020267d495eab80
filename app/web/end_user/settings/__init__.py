"""The settings of a person's account."""
