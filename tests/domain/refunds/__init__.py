"""Tests of `app/domain/refunds`."""
