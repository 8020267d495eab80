"""Tests of app/domain/icons."""
