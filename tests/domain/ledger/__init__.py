"""Tests of app/domain/ledger."""
