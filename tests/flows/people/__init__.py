"""Tests of `app/flows/people`."""
