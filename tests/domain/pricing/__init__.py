"""Tests of app/domain/pricing."""
