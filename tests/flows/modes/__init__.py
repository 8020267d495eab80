"""Tests of `app/flows/modes`."""
