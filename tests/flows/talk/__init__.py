"""Tests of `app/flows/talk`."""
