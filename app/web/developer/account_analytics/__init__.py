"""What all paywalls of somebody brought and cost: by any two of day, paywall, model, user, key and billing source."""
