"""Tests of app/domain/providers."""
