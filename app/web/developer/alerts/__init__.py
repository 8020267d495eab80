"""Of what the developer of a paywall is told, and what they were told."""
