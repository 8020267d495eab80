"""What rails did with money by themselves, and whether the ledger says the same."""
