"""What was published of a paywall, what differs, and who changed what."""
