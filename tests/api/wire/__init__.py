"""Tests of `app/api/wire`."""
