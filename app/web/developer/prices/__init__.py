"""What the models of a paywall cost its users."""
