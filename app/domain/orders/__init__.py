"""Orders: what an app files requests under, who pays the provider for them, and what they came to."""
