"""Tests of app/domain/transactions."""
