"""What happens: one story a file, on real databases and typed fakes."""
