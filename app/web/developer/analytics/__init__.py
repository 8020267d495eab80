"""What a paywall brought and cost: by one or any two of day, model, user, key and billing source."""
