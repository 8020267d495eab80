"""Tokens: who counts them where no provider did."""

from typing import Protocol


class TokenCounter(Protocol):
    """Counts tokens as a model would. Blocking: call it in a thread."""

    def count(self, text: str, model: str) -> int | None:
        """Returns the tokens of `text`, or None for text over 1 MB, where the byte bound stands."""
        ...
