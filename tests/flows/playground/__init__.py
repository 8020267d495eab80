"""Tests of `app/flows/playground`."""
