"""Seals: secrets at rest, each bound to what it is for."""

from typing import Protocol


class Sealer(Protocol):
    """Seals texts at rest, each for one context."""

    def seal(self, text: str, context: str) -> str:
        """Returns `text` sealed, different each time."""
        ...

    def open(self, sealed: str, context: str) -> str:
        """Returns what was sealed for the same context. Raises CoinslotError for anything else."""
        ...
