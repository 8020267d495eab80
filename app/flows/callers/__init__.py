"""Who calls, and what they stand for: snapshots, standings, balances, links."""
