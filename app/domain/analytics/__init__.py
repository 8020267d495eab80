"""Analytics: sums of paywalls by any two of day, model, user, key and source, and what wallets and orders used."""
