"""What a developer sets up of their webhooks: an endpoint, its events, its headers, its secret.

Secrets and headers are sealed before they are kept; a secret is shown once, when it was made.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app import db
from app.domain.errors import BadField
from app.domain.events import checks, deliveries, subscriptions
from app.domain.events.catalogue import check_patterns
from app.domain.events.deliveries import LogEntry
from app.domain.events.subscriptions import OVERLAP_SECONDS, SubscriptionView, context
from app.domain.key_text import make_signing_secret
from app.domain.money import Environment
from app.domain.paywalls.changes import Section, note_change
from app.flows.callers.snapshot import Snapshot
from app.ports.seal import Sealer
from app.ports.webhooks import Messenger

SUFFIX_CHARACTERS = 6
_CREATED = frozenset({"url", "events", "description", "customHeaders", "secret"})
_CHANGED = frozenset({"url", "events", "description", "customHeaders", "isActive"})
_ROTATED = frozenset({"secret", "overlapSeconds"})


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A subscription with its secret in clear, as it is shown once."""

    subscription: SubscriptionView
    secret: str


async def create_subscription(
    sealer: Sealer, messenger: Messenger, snapshot: Snapshot, wanted: Mapping[str, Any]
) -> NewSecret:
    """Makes a subscription of a paywall. Raises BadField, which names the field."""
    _check_names(wanted, _CREATED)
    id_ = subscriptions.new_subscription_id()
    url, events = _url(messenger, snapshot, wanted.get("url")), check_patterns(wanted.get("events"))
    secret = make_signing_secret() if wanted.get("secret") is None else checks.check_secret(wanted["secret"])
    row = {
        "id": id_,
        "description": checks.check_description(wanted.get("description")),
        **_headers(sealer, id_, wanted.get("customHeaders")),
        "secret_sealed": sealer.seal(secret, context(id_)),
        "secret_suffix": secret[-SUFFIX_CHARACTERS:],
        "created_by": snapshot.key_id,
    }

    def keep(session: db.Session) -> SubscriptionView:
        made = subscriptions.add(session, subscriptions.make_row(snapshot.paywall_id, url, events, **row))
        return _noted(session, snapshot, made, "made")

    return NewSecret(await db.in_transaction(keep, writes=True), secret)


async def change_subscription(
    sealer: Sealer, messenger: Messenger, snapshot: Snapshot, subscription_id: str, wanted: Mapping[str, Any]
) -> SubscriptionView:
    """Changes what is named, and nothing else. Raises BadField, NotFound for another paywall's."""
    _check_names(wanted, _CHANGED)
    is_active = wanted.get("isActive")
    if "isActive" in wanted and not isinstance(is_active, bool):
        raise BadField("isActive", "`isActive` must be true or false.")
    read: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
        "url": lambda value: {"url": _url(messenger, snapshot, value)},
        "events": lambda value: {"events": check_patterns(value)},
        "description": lambda value: {"description": checks.check_description(value)},
        "customHeaders": lambda value: _headers(sealer, subscription_id, value),
    }
    values: dict[str, Any] = {}
    for name in wanted.keys() & read.keys():
        values |= read[name](wanted[name])

    def keep(session: db.Session) -> SubscriptionView:
        changed = subscriptions.change(session, snapshot.paywall_id, subscription_id, values)
        if is_active is not None:
            decide = subscriptions.activate if is_active else subscriptions.deactivate
            changed = decide(session, snapshot.paywall_id, subscription_id)
        return _noted(session, snapshot, changed, "changed", fields=sorted(wanted))

    return await db.in_transaction(keep, writes=True)


async def deactivate_subscription(snapshot: Snapshot, subscription_id: str) -> SubscriptionView:
    """Ends deliveries to a subscription; it stays, inactive. Raises NotFound for another paywall's."""

    def end(session: db.Session) -> SubscriptionView:
        ended = subscriptions.deactivate(session, snapshot.paywall_id, subscription_id)
        return _noted(session, snapshot, ended, "ended")

    return await db.in_transaction(end, writes=True)


async def rotate_secret(
    sealer: Sealer, snapshot: Snapshot, subscription_id: str, wanted: Mapping[str, Any]
) -> NewSecret:
    """Gives a subscription a new secret; both sign for a while. Raises BadField, NotFound for another paywall's."""
    _check_names(wanted, _ROTATED)
    secret = make_signing_secret() if wanted.get("secret") is None else checks.check_secret(wanted["secret"])
    overlap = checks.check_overlap(wanted.get("overlapSeconds"), OVERLAP_SECONDS)
    sealed, suffix = sealer.seal(secret, context(subscription_id)), secret[-SUFFIX_CHARACTERS:]

    def rotate(session: db.Session) -> SubscriptionView:
        rotated = subscriptions.rotate(session, snapshot.paywall_id, subscription_id, sealed, suffix, overlap)
        return _noted(session, snapshot, rotated, "rotated")

    return NewSecret(await db.in_transaction(rotate, writes=True), secret)


def _noted(
    session: db.Session, snapshot: Snapshot, subscription: SubscriptionView, step: str, **more: Any
) -> SubscriptionView:
    """Writes into the change log what was done with a subscription; who called is the app's key."""
    what = {"subscription": subscription.id, "step": step, **more}
    note_change(session, snapshot.paywall_id, snapshot.key_id, Section.WEBHOOKS, snapshot.version, what)
    return subscription


def _check_names(wanted: Mapping[str, Any], known: frozenset[str]) -> None:
    for name in wanted:
        if name not in known:
            raise BadField(name[:80], f"`{name[:80]}` is unknown here; there are {', '.join(sorted(known))}.")


def _url(messenger: Messenger, snapshot: Snapshot, value: object) -> str:
    url = checks.check_url(value, is_live=snapshot.environment is Environment.LIVE)
    if messenger.is_refused(url):
        raise BadField("url", "`url` has a private address, which is not allowed here.")
    return url


def _headers(sealer: Sealer, subscription_id: str, value: object) -> Mapping[str, Any]:
    headers = checks.check_headers(value)
    sealed = sealer.seal(json.dumps(headers), context(subscription_id)) if headers else None
    return {"headers_sealed": sealed, "header_names": list(headers)}


async def replay_delivery(snapshot: Snapshot, delivery_id: str) -> LogEntry:
    """Sends an event to its subscription again. Raises NotFound for another paywall's, BadField for an inactive one."""
    return await db.in_transaction(
        lambda session: deliveries.replay(session, snapshot.paywall_id, delivery_id), writes=True
    )
