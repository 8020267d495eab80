"""Payouts, as whoever they concern looks at them."""
