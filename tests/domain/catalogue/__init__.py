"""Tests of app/domain/catalogue."""
