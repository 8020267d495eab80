"""Tests of app/domain/disputes."""
