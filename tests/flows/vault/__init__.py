"""Tests of app/flows/vault."""
