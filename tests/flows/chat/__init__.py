"""Tests of `app/flows/chat`."""
