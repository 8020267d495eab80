"""What is told: events, their deliveries, mails."""
