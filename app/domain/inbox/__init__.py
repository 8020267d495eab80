"""Events from outside, stored before they are acted on."""
