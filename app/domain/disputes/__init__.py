"""Disputes and fraud warnings, and what was taken back of each top-up."""
