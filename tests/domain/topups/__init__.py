"""Tests of app/domain/topups."""
