"""Orders of apps: made by them, known for each of their requests, and paid as their user chose."""
