"""What a paywall brought and cost: by day, model, user, key and billing source."""
