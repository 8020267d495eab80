"""What an app is called, what it looks like, and how its paywall treats its users."""
