"""Tests of `app/api/account/kept`."""
