"""The double-entry ledger: accounts, transfers, holds, budgets. It knows no HTTP, no models, no rails."""
