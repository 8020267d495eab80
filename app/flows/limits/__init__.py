"""The developer's limits, kept before a provider is called."""
