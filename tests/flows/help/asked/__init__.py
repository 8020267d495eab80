"""Tests of `app/flows/help/asked`."""
