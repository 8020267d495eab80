"""Who looks at us: Reflex pages, their states and components."""
