"""A wallet that pays play money, for people who have none of their own."""

from typing import Protocol


class TestWallet(Protocol):
    """The demo's test wallet."""

    async def pay(self, address: str, units: int) -> str:
        """Sends so many units (10⁻⁶) of the token to an address, and returns the transaction. Raises Unavailable."""
        ...
