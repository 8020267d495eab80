"""Accounts at a rail as their owner connects them: keys and what they may do, webhook endpoints, events.

What a connection needs beside payments. A key lives in a RailAccount and comes out of it nowhere: not in its repr, not
in an error, not in a log.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.errors import Refused
from app.domain.inbox.connections import Connection as Connection
from app.domain.inbox.inbox import ObjectKind as ObjectKind
from app.domain.inbox.tables import EndpointStatus as EndpointStatus
from app.domain.money import Environment


@dataclass(frozen=True, slots=True)
class Permission:
    """Something that a key may do: `name` is what stands on the rail's page of keys, `slug` the rail's own word."""

    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class Probed:
    """What a key turned out to be. It can be used if nothing is `missing`.

    `account` is the rail's name of the account, None where the key may not read it. `settles_usd` tells whether the
    account's balance is in US dollars, None where `missing` keeps it from being read.
    """

    missing: tuple[Permission, ...]
    account: str | None
    settles_usd: bool | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook endpoint that was just made; `secret` is told only now."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says. Nothing of it is believed but which object to read back; its marks may only drop it.

    `created` is when it happened, in seconds of the rail's clock. `kind` is None for one of a type that we never asked
    for. `instance` is which instance's marks the object carries, None where it carries none or is of a kind that never
    does (`bears_marks`).
    """

    id: str
    type: str
    kind: ObjectKind | None
    object_id: str
    created: int
    is_live: bool
    bears_marks: bool
    instance: str | None


class BadSignature(Refused):
    """The body was not signed by this connection's endpoint, or too long ago."""

    code = "bad_signature"


class RailAccount(Protocol):
    """One account, as one key reaches it. Its calls raise KeyRefused, CallRefused and Unavailable."""

    async def probe(self) -> Probed:
        """Tries everything that we need, by calls with ids that nobody has: nothing is made, changed or moved.

        Raises KeyRefused (`permission` None) for a key that is not known, Unavailable where nothing could be said.
        """
        ...

    async def create_endpoint(self, url: str) -> Endpoint:
        """Makes a webhook endpoint that sends all events that we understand to `url`, an https address."""
        ...

    async def read_endpoint(self, endpoint_id: str) -> EndpointStatus:
        """Says how an endpoint is. MISSING is also the answer of another account: each knows only its own."""
        ...

    async def delete_endpoints(self, url: str, but: str | None = None) -> None:
        """Deletes all endpoints of exactly this address but one: old ones, and those that a crash left behind."""
        ...

    def list_events(self, since: int) -> AsyncIterator[Sequence[Told]]:
        """Yields all events that we understand since a second of the rail's clock, page by page, the newest first.

        The rail keeps them for 30 days.
        """
        ...


class Accounts(Protocol):
    """The accounts of one rail."""

    def check_key(self, key: str, environment: Environment) -> str:
        """Returns a key as it is to be used, without the spaces around it.

        Raises BadField (`key`), with one sentence for people, for a secret key where a restricted one is wanted, for
        one of the other mode, and for what is no key; none of them names the key.
        """
        ...

    def key_page(self, environment: Environment) -> str:
        """Returns the address of the rail's page that makes a key, with all boxes ticked that we need."""
        ...

    def permissions(self) -> Sequence[Permission]:
        """Returns everything that a key must be allowed to do, by the names on that page."""
        ...

    def try_key(self, key: str, name: str) -> RailAccount:
        """Returns an account as a key reaches it that is stored nowhere yet.

        `name` is the connection's id where there is one, else anything; calls under one name are spaced.
        """
        ...

    def reach(self, connection: Connection) -> RailAccount:
        """Returns an account as its connection's key reaches it. Raises Unavailable for one without a key."""
        ...

    def read_event(self, body: bytes, signature: str, secrets: Sequence[str]) -> Told:
        """Returns what a delivered event says, if any of the secrets signed these very bytes, not long ago.

        Raises BadSignature, BadField for a body that is signed and no event.
        """
        ...
