"""Tests of app/flows/settlement/unspent."""
