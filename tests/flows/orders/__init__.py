"""Tests of `app/flows/orders`."""
