"""Tests of `app/adapters/chain/dev`."""
