"""Tests of app/domain/people."""
