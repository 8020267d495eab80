"""Tests of app/domain/safety."""
