"""Tests of app/domain/inbox."""
