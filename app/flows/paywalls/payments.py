"""Where the card payments of a paywall's users go: its developer connects an account of their own, and disconnects it.

Only a paywall whose users have wallets in it has one: what is paid into wallets of people goes to the operator. What is
outside (the key is tried, an endpoint made) happens between transactions, each of which can be repeated: whoever was
cut connects once more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import NotFound, WrongMode
from app.domain.events import catalogue, outbox
from app.domain.events.made import make
from app.domain.inbox import access, connections
from app.domain.inbox.connections import Connection
from app.domain.money import Environment
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.paywall import Paywall
from app.domain.paywalls.versions import Edition
from app.flows.payments.connect import (
    Before,
    TriedKey,
    forget_account,
    keep_key,
    list_before,
    renew_endpoint,
    try_key,
)
from app.flows.payments.endpoints import Endpoints
from app.flows.payments.received import STRIPE
from app.flows.paywalls.change import Part, change
from app.ports.seal import Sealer

log = structlog.get_logger()

SECRET_SUFFIX_CHARACTERS = 6
"""How much of a new endpoint's secret is told, so that its owner can tell two apart."""


@dataclass(frozen=True, slots=True)
class KeptAccount:
    """An account that a paywall's payments go to from now on; `is_new` unless only its key was changed."""

    connection_id: str
    is_new: bool
    replaced_id: str | None = None


@dataclass(frozen=True, slots=True)
class MadeEndpoint:
    """An endpoint that took the place of another."""

    connection_id: str
    id: str
    url: str


async def connect(endpoints: Endpoints, manager: Manager, key: str) -> KeptAccount:
    """Connects an account by a restricted key, or gives its connection another key of the same account.

    A key of another account makes another connection: the one before takes nothing new, and what is open there ends.
    Raises BadField (`key`), PermissionsMissing, NotAllowed, NotFound, WrongMode, Unavailable.
    """
    environment, before = await db.in_transaction(lambda session: _before(session, manager))
    tried = await try_key(endpoints.accounts, environment, key, before)
    kept = (await change(manager, account(endpoints.box), tried)).outcome
    connection = await db.in_transaction(lambda session: connections.read_connection(session, kept.connection_id))
    made = await renew_endpoint(endpoints, connection)
    if made is not None:
        url = endpoints.address(kept.connection_id)
        await change(manager, endpoint(endpoints.box), MadeEndpoint(kept.connection_id, made, url))
    log.info("connect", paywall=manager.paywall_id, connection=kept.connection_id, new=kept.is_new)
    return kept


async def disconnect(manager: Manager, connection_id: str) -> bool:
    """Lets an account take no new payments; False if it took none already. Raises NotAllowed, NotFound."""
    return (await change(manager, disconnection(), connection_id)).outcome


async def forget(endpoints: Endpoints, manager: Manager, connection_id: str) -> None:
    """Deletes the key of an account that was disconnected: nothing there can be read or given back any more.

    Raises NotAllowed, NotFound, also for one that still takes payments, Unavailable.
    """
    connection = await db.in_transaction(lambda session: _disconnected(session, manager, connection_id))
    await forget_account(endpoints, connection)
    log.info("connect", paywall=manager.paywall_id, connection=connection_id, step="forgotten")


def account(sealer: Sealer) -> Part[TriedKey, KeptAccount]:
    """Returns the part that keeps a key that was tried."""

    def edit(edition: Edition, tried: TriedKey) -> KeptAccount:
        session, paywall = edition.session, edition.paywall
        _check_mode(paywall)
        before = access.find_open(session, STRIPE, paywall.environment, paywall.id)
        kept = tried.same_as or _open(session, paywall, tried)
        keep_key(session, sealer, kept, tried)
        if before is not None and before.id == kept:
            return KeptAccount(kept, is_new=False)
        if before is not None:
            access.disconnect(session, before.id)
            _tell(edition, catalogue.INTEGRATION_DISCONNECTED, before.id, "disabledBy")
        _tell(edition, catalogue.INTEGRATION_CONNECTED, kept, "enabledBy")
        return KeptAccount(kept, is_new=True, replaced_id=None if before is None else before.id)

    def describe(tried: TriedKey, kept: KeptAccount) -> Mapping[str, Any]:
        step = "connected" if kept.is_new else "key changed"
        replaced = {} if kept.replaced_id is None else {"replaced": kept.replaced_id}
        return {"connection": kept.connection_id, "step": step, "account": tried.account, **replaced}

    return Part(Section.PAYMENTS, edit, describe)


def _open(session: Session, paywall: Paywall, tried: TriedKey) -> str:
    return connections.open_connection(session, STRIPE, paywall.environment, paywall.id, tried.account).id


def endpoint(sealer: Sealer) -> Part[MadeEndpoint, bool]:
    """Returns the part that tells of an endpoint; its outcome, whether it took the place of another."""

    def edit(edition: Edition, made: MadeEndpoint) -> bool:
        session = edition.session
        _check_whose(session, edition.paywall.id, made.connection_id)
        secrets = access.read_secrets(session, made.connection_id)
        if len(secrets) > 1:
            sealed = next(sealed for endpoint_id, sealed in secrets if endpoint_id == made.id)
            secret = sealer.open(sealed, access.secret_context(made.connection_id, made.id))
            data = {"webhookId": made.id, "url": made.url, "secretSuffix": secret[-SECRET_SUFFIX_CHARACTERS:]}
            outbox.record(session, [make(edition.paywall.id, catalogue.STRIPE_WEBHOOK_ROTATED, made.id, data)])
        return len(secrets) > 1

    def describe(made: MadeEndpoint, is_rotated: bool) -> Mapping[str, Any]:
        step = "endpoint rotated" if is_rotated else "endpoint made"
        return {"connection": made.connection_id, "step": step, "endpoint": made.id}

    return Part(Section.PAYMENTS, edit, describe)


def disconnection() -> Part[str, bool]:
    """Returns the part that lets a connection, by its id, take no new payments; its outcome, whether that changed."""

    def edit(edition: Edition, connection_id: str) -> bool:
        _check_whose(edition.session, edition.paywall.id, connection_id)
        is_changed = access.disconnect(edition.session, connection_id)
        if is_changed:
            _tell(edition, catalogue.INTEGRATION_DISCONNECTED, connection_id, "disabledBy")
        return is_changed

    def describe(connection_id: str, is_changed: bool) -> Mapping[str, Any]:
        return {"connection": connection_id, "step": "disconnected"} if is_changed else {}

    return Part(Section.PAYMENTS, edit, describe)


def _tell(edition: Edition, type_: str, connection_id: str, by: str) -> None:
    """Tells of an integration, which may be connected and disconnected again and again."""
    data = {"integrationKey": STRIPE, by: edition.made_by}
    source = f"{connection_id}:{clock.now()}"
    outbox.record(edition.session, [make(edition.paywall.id, type_, source, data)])


def _before(session: Session, manager: Manager) -> tuple[Environment, Sequence[Before]]:
    """Returns the accounts that a paywall was ever connected with, the newest first."""
    check_may(session, manager, Act.SET_UP)
    paywall, _ = read_current(session, manager.paywall_id)
    _check_mode(paywall)
    return paywall.environment, list_before(session, paywall.id)


def _disconnected(session: Session, manager: Manager, connection_id: str) -> Connection:
    check_may(session, manager, Act.SET_UP)
    found = _check_whose(session, manager.paywall_id, connection_id)
    if found.is_open:
        raise NotFound("Disconnect this account first; then its key can be deleted.")
    return found


def _check_whose(session: Session, paywall_id: str, connection_id: str) -> Connection:
    """Returns a connection of a paywall's. Raises NotFound for any other."""
    found = connections.read_connection(session, connection_id)
    if found.paywall_id != paywall_id:
        raise NotFound("There is no such connection.")
    return found


def _check_mode(paywall: Paywall) -> None:
    if not paywall.rules.has_app_wallets:
        raise WrongMode("Payments into the wallets of people go to the operator of this instance, not to an app.")
