"""Tests of `app/adapters/login`."""
