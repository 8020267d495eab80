"""Tests of app/domain/limits."""
