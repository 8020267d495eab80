"""A chain of our own for the demo and tests: Anvil, with Circle's token on it, all of it from npm."""
