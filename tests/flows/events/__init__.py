"""Tests of `app/flows/events`."""
