"""People: accounts, the identities they sign in with, their sessions, their API keys."""
