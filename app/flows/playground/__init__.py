"""What a playground does beside chat: how often it may be asked."""
