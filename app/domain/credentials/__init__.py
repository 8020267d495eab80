"""Credentials: people's own keys of providers, sealed for one host each, and what those hosts serve by them."""
