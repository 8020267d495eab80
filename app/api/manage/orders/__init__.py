"""What an order came to, as a file for its user."""
