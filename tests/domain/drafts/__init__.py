"""Tests of drafts of paywalls."""
