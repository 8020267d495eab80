"""Routing: which of several models answers a request, and which providers are left alone because they fail."""
