"""What keeps the house in order: holds, audits, earnings, leases."""
