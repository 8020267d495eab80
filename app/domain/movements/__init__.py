"""What rails say of their own money, movement by movement, and whether the ledger says the same."""
