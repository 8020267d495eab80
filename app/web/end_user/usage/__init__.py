"""What a person's wallets paid for."""
