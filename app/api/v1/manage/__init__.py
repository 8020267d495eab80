"""What developers manage by a key of their own: keys, users and prices of the paywalls that their account owns."""
