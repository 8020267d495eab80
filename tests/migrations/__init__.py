"""Migrations run from empty on both databases and end at what the tables say."""
