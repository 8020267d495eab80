"""The paywall API: everything under /v1."""
