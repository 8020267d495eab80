"""The first page, for whoever comes by."""
