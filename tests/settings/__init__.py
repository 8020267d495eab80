"""Tests of `app/settings`."""
