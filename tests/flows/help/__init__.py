"""Tests of `app/flows/help`."""
