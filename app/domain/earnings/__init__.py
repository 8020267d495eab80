"""Earnings: a developer's share in shared mode, pending for a while, then available."""
