"""The pages of one paywall: who sees them, where they are listed, how they are framed."""
