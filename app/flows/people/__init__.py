"""People: signing in, their account, their consent."""
