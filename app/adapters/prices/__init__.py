"""Where list prices come from."""
