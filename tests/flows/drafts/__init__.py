"""Tests of how paywalls are made."""
