"""The sign-in page, for everybody."""
