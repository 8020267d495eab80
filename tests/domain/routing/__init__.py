"""Tests of app/domain/routing."""
