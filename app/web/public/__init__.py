"""Pages that anybody may look at, signed in or not."""
