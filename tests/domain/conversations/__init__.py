"""Tests of `app/domain/conversations`."""
