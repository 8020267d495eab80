"""Tests of app/domain/reserves."""
