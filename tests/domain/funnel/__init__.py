"""Tests of app/domain/funnel."""
