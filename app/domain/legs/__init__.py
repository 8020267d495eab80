"""Legs: the models of one request that asked several, each with its part of the one charge."""
