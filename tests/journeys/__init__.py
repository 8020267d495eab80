"""Whole stories in a real browser, crashes included."""
