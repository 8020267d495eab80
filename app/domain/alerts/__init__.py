"""Alerts: what a developer wants to be told of, and what they were told, once for each thing and period."""
