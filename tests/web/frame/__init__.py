"""Tests of `app/web/frame`."""
