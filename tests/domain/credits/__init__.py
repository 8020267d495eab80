"""Tests of `app/domain/credits`."""
