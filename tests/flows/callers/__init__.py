"""Tests of `app/flows/callers`."""
