"""The seven laws of the house, read from the syntax trees of all our files."""
