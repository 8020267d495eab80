"""Tests of `app/api/playground`."""
