"""Tests of app/domain/credentials."""
