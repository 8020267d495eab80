"""Tests of `app/api/account/beside`."""
