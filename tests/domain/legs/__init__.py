"""Tests of `app/domain/legs`."""
