"""The sandbox's page on which a card is saved."""
