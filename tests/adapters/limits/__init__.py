"""Tests of `app/adapters/limits`."""
