"""Credits: what opens the operator's models to them, and their history line by line."""
