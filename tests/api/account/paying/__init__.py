"""Tests of `app/api/account/paying`."""
