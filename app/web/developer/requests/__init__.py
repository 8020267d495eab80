"""Every request of an app, and behind each its receipt to the last digit."""
