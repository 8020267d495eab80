"""Tests of `app/adapters/prices`."""
