"""What all paywalls of somebody brought and cost: by day, paywall, model, user, key and billing source."""
