"""Tests of movements at rails."""
