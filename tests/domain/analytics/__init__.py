"""Tests of app/domain/analytics."""
