"""Tests of app/domain/earnings."""
