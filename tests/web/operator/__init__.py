"""Tests of app/web/operator."""
