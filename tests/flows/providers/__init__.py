"""Tests of `app/flows/providers`."""
