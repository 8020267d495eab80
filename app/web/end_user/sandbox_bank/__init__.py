"""The sandbox's bank, which wants a charge of a saved card confirmed."""
