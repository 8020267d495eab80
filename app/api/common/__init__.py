"""What routes have in common: bodies, callers, errors, links, lists."""
