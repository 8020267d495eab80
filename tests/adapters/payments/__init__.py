"""Tests of `app/adapters/payments`."""
