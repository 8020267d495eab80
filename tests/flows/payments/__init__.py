"""Tests of `app/flows/payments`."""
