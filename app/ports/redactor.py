"""What keeps a secret out of an answer, as flows need it; shapes only."""

from typing import Protocol


class Redactor(Protocol):
    """Keeps the provider's key out of one answer, in whatever form and place it stands there."""

    def events(self, data: bytes) -> bytes:
        """Takes whole events and returns those that may go on; one whose text may go on as the key waits."""
        ...

    def knows(self, head: bytes, end: bytes) -> bool:
        """Tells whether this is what stood around the one text of an event that was looked at, and holds no secret."""
        ...

    def may_pass(self, text: bytes) -> bool:
        """Tells whether such a text, as JSON writes it, may go on as it is; if not, `events` looks at its event."""
        ...

    def rest(self) -> bytes:
        """Returns what was held back: nothing follows."""
        ...

    def body(self, raw: bytes) -> bytes:
        """Returns a whole body without the key."""
        ...
