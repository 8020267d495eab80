"""Icons: the picture by which people know an app."""
