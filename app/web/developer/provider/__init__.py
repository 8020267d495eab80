"""Who answers the requests of a paywall."""
