"""Leases: which process is alive, which one runs a job, and how jobs went."""
