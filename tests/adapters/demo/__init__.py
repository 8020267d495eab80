"""Tests of `app/adapters/demo`."""
