"""Tests of `app/flows/catalogue`."""
