"""Tests of `app/domain/playground`."""
