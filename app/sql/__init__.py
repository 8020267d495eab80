"""How columns, statements and arrays look on both databases."""
