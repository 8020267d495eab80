"""Tests of `app/adapters/mail`."""
