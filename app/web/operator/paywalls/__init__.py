"""All paywalls of this instance, and whose they are."""
