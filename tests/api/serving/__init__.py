"""Tests of `app/api/serving`."""
