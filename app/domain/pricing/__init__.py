"""Prices: the price book with its versions, and the pure arithmetic of quotes, splits and receipts."""
