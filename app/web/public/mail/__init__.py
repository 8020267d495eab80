"""The mails of the demo, where nothing is sent."""
