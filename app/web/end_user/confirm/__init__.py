"""Where somebody confirms at their bank what a saved card is charged."""
