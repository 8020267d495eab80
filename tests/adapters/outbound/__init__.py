"""Tests of `app/adapters/outbound`."""
