"""All paywalls of somebody at a glance."""
