"""One user of an app: what binds them, their history with receipts, and what their developer may do for them."""
