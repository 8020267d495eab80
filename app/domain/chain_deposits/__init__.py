"""Deposits on chains: an address for each wallet, and what came in, credited once when it is final."""
