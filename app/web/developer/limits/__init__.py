"""How much the users and keys of a paywall may use."""
