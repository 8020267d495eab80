"""Leases: which process is alive, and which one runs a job."""
