"""Measurements and all that they need: run by hand; only ratios within one run mean something."""
