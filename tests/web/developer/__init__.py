"""Tests of app/web/developer."""
