"""Tests of `app/flows/limits`."""
