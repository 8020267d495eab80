"""What every page has: layout, theme, session, routes, words for figures."""
