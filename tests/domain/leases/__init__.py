"""Tests of app/domain/leases."""
