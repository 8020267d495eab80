"""A wallet that pays play money, for people who have none of their own."""

from collections.abc import Mapping
from typing import Protocol


class TestWallet(Protocol):
    """The demo's test wallet."""

    async def pay(self, address: str, units: int) -> str:
        """Sends so many units (10⁻⁶) of the token to an address, and returns the transaction. Raises Unavailable."""
        ...

    async def address(self, units: int) -> str:
        """Returns the wallet's own address, which then holds at least so many units. Raises Unavailable."""
        ...

    async def sign(self, typed: Mapping[str, object]) -> str:
        """Signs what a browser's wallet would (`eth_signTypedData_v4`). Raises Unavailable."""
        ...
