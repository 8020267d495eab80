"""Tests of `app/flows/reconciling`."""
