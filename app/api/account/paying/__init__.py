"""How an account pays for its credits: by a checkout, or by itself."""
