"""Tests of `app/formats/account`."""
