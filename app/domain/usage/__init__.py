"""Requests: one row for each, from hold to receipt."""
