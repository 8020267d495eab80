"""Tests of `app/sql`."""
