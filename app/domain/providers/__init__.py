"""Providers: which of them refuse what a paywall asks."""
