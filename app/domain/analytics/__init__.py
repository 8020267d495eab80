"""Analytics: the sums of a paywall by day, model, user, key and source, and what the days before came to."""
