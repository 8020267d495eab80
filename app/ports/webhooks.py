"""Webhooks: who posts to endpoints that developers name, and what those say instead of us."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted to a developer's endpoint, signed with each of the secrets; sent at `seconds` since 1970."""

    id: str
    url: str
    body: bytes
    secrets: Sequence[str]
    headers: Mapping[str, str]
    seconds: int


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of a message: the endpoint's status, if one came, what is wrong, if anything, and its `Retry-After`.

    `said` is how its answer began that was no 2xx, for its developer's eyes alone.
    """

    code: int | None
    error: str | None = None
    retry_after: str | None = None
    said: str | None = None


class Messenger(Protocol):
    """Posts signed messages to endpoints that developers name."""

    async def post(self, message: Message) -> Posted:
        """Posts once; an endpoint that cannot be reached is no error but what came of it."""
        ...

    def is_refused(self, url: str) -> bool:
        """Tells whether a URL names a private address outright, where those are not allowed."""
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


class Responder(Protocol):
    """A developer's endpoint that writes what the assistant says where no model is asked."""

    async def write(self, url: str, secret: str, message_id: str, content: Mapping[str, Any]) -> str:
        """Sends what is known as JSON, signed, and returns the text that comes back, unchecked.

        Raises ProviderFailed where none comes within three seconds, and at once where too many wait already.
        """
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...
