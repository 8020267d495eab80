"""Operators: who runs this instance, and what they changed of it by hand."""
