"""How the outside is: rails, developers' endpoints, providers, and what waits for them."""
