"""Chat with models that a person's credits pay for."""
