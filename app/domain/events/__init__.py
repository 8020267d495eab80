"""Events: what a paywall's developer is told by webhooks, to whom, and how that went."""
