"""Who posts to developers' endpoints, as flows need it: a port of its own beside flows/ports.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


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
    """What came of a message: the endpoint's status, if one came, what is wrong, if anything, and its `Retry-After`."""

    code: int | None
    error: str | None = None
    retry_after: str | None = None


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
