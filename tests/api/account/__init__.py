"""Tests of `app/api/account`."""
