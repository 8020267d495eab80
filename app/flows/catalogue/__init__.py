"""The catalogue: its prices, who follows them, where they come from."""
