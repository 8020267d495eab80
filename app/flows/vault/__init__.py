"""People's own keys of providers: tried, saved, opened for a request, renewed where they are sign-ins."""
