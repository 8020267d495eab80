"""Tests of `app/formats/markdown`."""
