"""Tests of app/domain/rollups."""
