"""Tests of app/domain/paywalls."""
