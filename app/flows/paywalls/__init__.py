"""What a developer sets up of a paywall."""
