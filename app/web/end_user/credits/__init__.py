"""The credits of a person: what there is, and what can be added."""
