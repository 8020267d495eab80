"""What is true, tried on values and on real databases."""
