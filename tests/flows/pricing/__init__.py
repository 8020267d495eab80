"""Tests of `app/flows/pricing`."""
