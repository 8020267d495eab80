"""An account at a rail that its owner connects: its key is tried before anything of it is kept.

Keys are sealed here, and come out nowhere: not in an answer, not in an error, not in a log.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app import db
from app.domain.errors import BadField
from app.domain.inbox import access
from app.domain.inbox.connections import Connection, key_context
from app.domain.money import Environment
from app.flows.payments.endpoints import Endpoints, is_same_account
from app.flows.payments.received import STRIPE
from app.ports.accounts import Accounts, Permission
from app.ports.rail_errors import CallRefused, KeyRefused
from app.ports.seal import Sealer


class PermissionsMissing(BadField):
    """A key may not do all that is needed. `names` are what stands on the rail's page of keys."""

    def __init__(self, missing: Sequence[Permission]) -> None:
        self.names = tuple(permission.name for permission in missing)
        boxes = "this box" if len(self.names) == 1 else "these boxes"
        said = (
            f"Nothing was saved: this key may not do everything. Tick {boxes} for it on Stripe's page, or make a new"
            f" key by the link above: {', '.join(self.names)}."
        )
        super().__init__("key", said, "permissions_missing")


@dataclass(frozen=True, slots=True)
class Before:
    """An account that was connected before, and our endpoint there, None where there is none."""

    connection: Connection
    endpoint_id: str | None


@dataclass(frozen=True, slots=True)
class TriedKey:
    """A key that may do everything. `same_as` is the connection whose account it opens as well, None for another.

    `account` is the rail's name of the account, where the key may read it; `settles_usd` tells whether its balance is
    in US dollars.
    """

    environment: Environment
    account: str | None
    settles_usd: bool | None
    same_as: str | None
    key: str = field(repr=False)


async def try_key(accounts: Accounts, environment: Environment, key: str, before: Sequence[Before]) -> TriedKey:
    """Tries a key by calls that make nothing, and tells which of the accounts of before it opens.

    Raises BadField (`key`), PermissionsMissing, Unavailable where the rail could not be asked.
    """
    usable = accounts.check_key(key, environment)
    reached = accounts.try_key(usable, before[0].connection.id if before else "connecting")
    try:
        probed = await reached.probe()
        if probed.missing:
            raise PermissionsMissing(probed.missing)
        same_as = None
        for one in before:
            if same_as is None and await is_same_account(reached, probed, one.connection, one.endpoint_id):
                same_as = one.connection.id
    except KeyRefused:
        raise BadField("key", "Stripe does not know this key. Copy it again, or make a new one.") from None
    return TriedKey(
        environment=environment, account=probed.account, settles_usd=probed.settles_usd, same_as=same_as, key=usable
    )


def keep_key(session: Session, sealer: Sealer, connection_id: str, tried: TriedKey) -> None:
    """Seals a key that was tried, and gives it to its connection."""
    sealed = sealer.seal(tried.key, key_context(connection_id))
    access.keep_key(session, connection_id, sealed, account=tried.account, settles_usd=tried.settles_usd)


def list_before(session: Session, paywall_id: str) -> Sequence[Before]:
    """Returns the accounts that a paywall was ever connected with, the newest first."""
    found = access.list_of_paywall(session, STRIPE, paywall_id)
    return [Before(one, access.read_endpoint_id(session, one.id)) for one in found]


async def renew_endpoint(endpoints: Endpoints, connection: Connection) -> str | None:
    """Makes a connection's endpoint, in place of the one that is there; None where there can be none.

    Raises BadField where the rail takes none at our address, Unavailable.
    """
    try:
        return await endpoints.make(connection)
    except (CallRefused, KeyRefused) as refused:
        said = (
            f"The account is connected, but Stripe takes no webhook endpoint at {endpoints.address(connection.id)}:"
            f" {refused.message}"
        )
        raise BadField(None, said, "endpoint_refused") from None


async def forget_account(endpoints: Endpoints, connection: Connection) -> None:
    """Deletes a connection's endpoint at its account, then its key and secrets here.

    An account that refuses our key keeps its endpoint; what that sends is answered and forgotten.
    """
    if connection.key_sealed is not None:
        with suppress(KeyRefused):
            await endpoints.accounts.reach(connection).delete_endpoints(endpoints.address(connection.id))
    await db.in_transaction(lambda session: access.forget_key(session, connection.id), writes=True)
