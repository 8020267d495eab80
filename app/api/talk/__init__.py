"""The chat page: what it asks of us in the name of whoever is signed in, who pays with their credits."""
