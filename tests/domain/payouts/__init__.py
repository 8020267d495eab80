"""Tests of app/domain/payouts."""
