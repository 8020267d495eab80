"""Chains, as flows need them: nodes that are not believed alone, and keys that are never shown."""
