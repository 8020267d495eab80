"""Tests of `app/adapters/providers`."""
