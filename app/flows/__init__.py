"""What happens: one story per file, across what is true and the outside. Every write begins here."""
