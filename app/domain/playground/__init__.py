"""Playgrounds: a paywall at an address that nobody can guess, for whoever has been given it."""
