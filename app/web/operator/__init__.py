"""Pages for operators: what is wrong with this instance, and what they do about it."""
