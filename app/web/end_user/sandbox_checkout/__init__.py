"""The sandbox rail's hosted payment page."""
