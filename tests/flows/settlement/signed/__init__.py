"""Deposits that people sign."""
