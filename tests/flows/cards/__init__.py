"""Tests of `app/flows/cards`."""
