"""Who calls us over HTTP: requests in, answers out, nothing decided here."""
