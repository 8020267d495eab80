"""Tests of `app/domain/cards`."""
