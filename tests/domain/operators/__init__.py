"""Tests of app/domain/operators."""
