"""What a paywall says in an answer's place."""
