"""What keeps a secret out of an answer, as flows need it; shapes only."""

from typing import Protocol


class Redactor(Protocol):
    """Keeps the provider's key out of one answer, in whatever form and place it stands there."""

    is_plain: bool
    """Whether the events taken last were texts in a shape that was seen before, and say nothing else that is new."""

    def events(self, data: bytes) -> bytes:
        """Takes whole events and returns those that may go on; one whose text may go on as the key waits."""
        ...

    def rest(self) -> bytes:
        """Returns what was held back: nothing follows."""
        ...

    def body(self, raw: bytes) -> bytes:
        """Returns a whole body without the key."""
        ...
