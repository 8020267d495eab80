"""Tests of app/domain/authorizations."""
