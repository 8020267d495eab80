"""Where the card payments of a paywall go."""
