"""Connections to rails, and their events, stored before they are acted on."""
