"""The demo's provider, which needs no network."""
