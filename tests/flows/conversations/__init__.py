"""Tests of `app/flows/conversations`."""
