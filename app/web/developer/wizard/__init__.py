"""The wizard that makes a paywall."""
