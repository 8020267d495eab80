"""Tests of `app/domain/instance`."""
