"""Providers of paywalls, tried as a request would use them."""
