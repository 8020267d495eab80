"""Tests of app/flows/settlement/liabilities."""
