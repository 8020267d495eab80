"""The help: the guide to read, for everybody, and answers out of it for whoever is signed in."""
