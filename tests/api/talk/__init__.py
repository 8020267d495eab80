"""Tests of `app/api/talk`."""
