"""Tests of `app/support`."""
