"""Tests of `app/flows/paywalls`."""
