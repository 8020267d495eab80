"""This instance: the id by which it knows again what it made elsewhere."""
