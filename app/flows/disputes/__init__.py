"""What is taken back of payments, given back at a wish, owed, and told of that."""
