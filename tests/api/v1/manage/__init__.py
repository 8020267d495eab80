"""Tests of `app/api/manage`."""
