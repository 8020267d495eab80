"""One request as an operation sees it."""

from dataclasses import dataclass
from typing import Any

from tests.emulators.stripe.state import Book


@dataclass(frozen=True)
class Call:
    """Whose book is asked, for which ids of the address, with which checked parameters; `base` is the own origin."""

    book: Book
    ids: tuple[str, ...]
    params: dict[str, Any]
    base: str
