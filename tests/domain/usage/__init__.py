"""Tests of app/domain/usage."""
