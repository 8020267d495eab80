"""Measurements: run by hand, never by the suite; only ratios within one run mean something."""
