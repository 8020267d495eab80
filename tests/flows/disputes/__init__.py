"""Tests of app/flows/disputes."""
