"""Tests of `app/api/v1`."""
