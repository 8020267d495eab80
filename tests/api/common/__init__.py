"""Tests of `app/api/common`."""
