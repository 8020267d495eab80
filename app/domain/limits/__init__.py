"""Limits: how use is counted against what the developer allows, in windows of a minute and in the ledger's budgets."""
