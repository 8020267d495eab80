"""Coinslot: a self-hosted, OpenAI-compatible chat proxy whose end users pay for their own usage."""
