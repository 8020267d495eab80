"""Paywalls: the configuration of an app, its versions, and its keys."""
