"""Models: what is offered, and what can be known of them."""
