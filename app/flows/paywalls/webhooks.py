"""What a developer sets up of their webhooks, by their app's key or by hand: an endpoint, its events, its secret.

Secrets and headers are sealed before they are kept; a secret is shown once, when it was made.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app import db
from app.domain.errors import BadField
from app.domain.events import checks, deliveries, outbox, subscriptions
from app.domain.events.catalogue import check_patterns
from app.domain.events.deliveries import LogEntry
from app.domain.events.made import make
from app.domain.events.samples import sample_of
from app.domain.events.subscriptions import OVERLAP_SECONDS, SubscriptionView, context
from app.domain.ids import new_id
from app.domain.key_text import make_signing_secret
from app.domain.money import Environment
from app.domain.paywalls.changes import Section, note_change
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.paywall import Paywall
from app.flows.callers.snapshot import Snapshot
from app.ports.seal import Sealer
from app.ports.webhooks import Messenger

SUFFIX_CHARACTERS = 6
_CREATED = frozenset({"url", "events", "description", "customHeaders", "secret"})
_CHANGED = frozenset({"url", "events", "description", "customHeaders", "isActive"})
_ROTATED = frozenset({"secret", "overlapSeconds"})


Setter = Snapshot | Manager
"""Who sets webhooks up: an app by its key, or a manager on their own page."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The paywall whose webhooks are set up, and who does so: a key's id, an account's, None for a command."""

    paywall: Paywall
    by: str | None


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A subscription with its secret in clear, as it is shown once."""

    subscription: SubscriptionView
    secret: str


async def create_subscription(
    sealer: Sealer, messenger: Messenger, who: Setter, wanted: Mapping[str, Any]
) -> NewSecret:
    """Makes a subscription of a paywall. Raises BadField, which names the field."""
    _check_names(wanted, _CREATED)
    at = await _find(who)
    id_ = subscriptions.new_subscription_id()
    url, events = _url(messenger, at, wanted.get("url")), check_patterns(wanted.get("events"))
    secret = make_signing_secret() if wanted.get("secret") is None else checks.check_secret(wanted["secret"])
    row = {
        "id": id_,
        "description": checks.check_description(wanted.get("description")),
        **_headers(sealer, id_, wanted.get("customHeaders")),
        "secret_sealed": sealer.seal(secret, context(id_)),
        "secret_suffix": secret[-SUFFIX_CHARACTERS:],
        "created_by": at.by,
    }

    def keep(session: db.Session) -> SubscriptionView:
        _check(session, who)
        made = subscriptions.add(session, subscriptions.make_row(at.paywall.id, url, events, **row))
        return _noted(session, at, made, "made")

    return NewSecret(await db.in_transaction(keep, writes=True), secret)


async def change_subscription(
    sealer: Sealer, messenger: Messenger, who: Setter, subscription_id: str, wanted: Mapping[str, Any]
) -> SubscriptionView:
    """Changes what is named, and nothing else. Raises BadField, NotFound for another paywall's."""
    _check_names(wanted, _CHANGED)
    at = await _find(who)
    is_active = wanted.get("isActive")
    if "isActive" in wanted and not isinstance(is_active, bool):
        raise BadField("isActive", "`isActive` must be true or false.")
    read: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
        "url": lambda value: {"url": _url(messenger, at, value)},
        "events": lambda value: {"events": check_patterns(value)},
        "description": lambda value: {"description": checks.check_description(value)},
        "customHeaders": lambda value: _headers(sealer, subscription_id, value),
    }
    values: dict[str, Any] = {}
    for name in wanted.keys() & read.keys():
        values |= read[name](wanted[name])

    def keep(session: db.Session) -> SubscriptionView:
        _check(session, who)
        changed = subscriptions.change(session, at.paywall.id, subscription_id, values)
        if is_active is not None:
            decide = subscriptions.activate if is_active else subscriptions.deactivate
            changed = decide(session, at.paywall.id, subscription_id)
        return _noted(session, at, changed, "changed", fields=sorted(wanted))

    return await db.in_transaction(keep, writes=True)


async def deactivate_subscription(who: Setter, subscription_id: str) -> SubscriptionView:
    """Ends deliveries to a subscription; it stays, inactive. Raises NotFound for another paywall's."""
    at = await _find(who)

    def end(session: db.Session) -> SubscriptionView:
        _check(session, who)
        ended = subscriptions.deactivate(session, at.paywall.id, subscription_id)
        return _noted(session, at, ended, "ended")

    return await db.in_transaction(end, writes=True)


async def rotate_secret(sealer: Sealer, who: Setter, subscription_id: str, wanted: Mapping[str, Any]) -> NewSecret:
    """Gives a subscription a new secret; both sign for a while. Raises BadField, NotFound for another paywall's."""
    _check_names(wanted, _ROTATED)
    at = await _find(who)
    secret = make_signing_secret() if wanted.get("secret") is None else checks.check_secret(wanted["secret"])
    overlap = checks.check_overlap(wanted.get("overlapSeconds"), OVERLAP_SECONDS)
    sealed, suffix = sealer.seal(secret, context(subscription_id)), secret[-SUFFIX_CHARACTERS:]

    def rotate(session: db.Session) -> SubscriptionView:
        _check(session, who)
        rotated = subscriptions.rotate(session, at.paywall.id, subscription_id, sealed, suffix, overlap)
        return _noted(session, at, rotated, "rotated")

    return NewSecret(await db.in_transaction(rotate, writes=True), secret)


def _noted(session: db.Session, at: _Place, subscription: SubscriptionView, step: str, **more: Any) -> SubscriptionView:
    """Writes into the change log what was done with a subscription, and by whom."""
    what = {"subscription": subscription.id, "step": step, **more}
    note_change(session, at.paywall.id, at.by, Section.WEBHOOKS, at.paywall.version, what)
    return subscription


def _check_names(wanted: Mapping[str, Any], known: frozenset[str]) -> None:
    for name in wanted:
        if name not in known:
            raise BadField(name[:80], f"`{name[:80]}` is unknown here; there are {', '.join(sorted(known))}.")


def _url(messenger: Messenger, at: _Place, value: object) -> str:
    url = checks.check_url(value, is_live=at.paywall.environment is Environment.LIVE)
    if messenger.is_refused(url):
        raise BadField("url", "`url` has a private address, which is not allowed here.")
    return url


def _headers(sealer: Sealer, subscription_id: str, value: object) -> Mapping[str, Any]:
    headers = checks.check_headers(value)
    sealed = sealer.seal(json.dumps(headers), context(subscription_id)) if headers else None
    return {"headers_sealed": sealed, "header_names": list(headers)}


async def replay_delivery(who: Setter, delivery_id: str) -> LogEntry:
    """Sends an event to its subscription again. Raises NotFound for another paywall's, BadField for an inactive one."""

    def replay(session: db.Session) -> LogEntry:
        _check(session, who)
        return deliveries.replay(session, who.paywall_id, delivery_id)

    return await db.in_transaction(replay, writes=True)


async def send_test_event(who: Setter, subscription_id: str, type_: str) -> LogEntry:
    """Sends an example of an event to one subscription, whatever it has asked for; it says of itself that it is a test.

    Raises NotFound for another paywall's, BadField for an inactive one or an event that there is not.
    """
    data = sample_of(type_)

    def send(session: db.Session) -> LogEntry:
        _check(session, who)
        if not subscriptions.read(session, who.paywall_id, subscription_id).is_active:
            raise BadField(None, "The subscription is paused; resume it first.", "subscription_inactive")
        event = make(who.paywall_id, type_, new_id("test"), data)
        outbox.record_for(session, event, subscription_id)
        return deliveries.read_of_event(session, who.paywall_id, event.id)

    return await db.in_transaction(send, writes=True)


async def _find(who: Setter) -> _Place:
    """Returns where somebody sets webhooks up. Raises NotFound."""
    if isinstance(who, Snapshot):
        return _Place(who.paywall, who.key_id)
    paywall, _ = await db.in_transaction(lambda session: read_current(session, who.paywall_id))
    return _Place(paywall, who.account_id)


def _check(session: db.Session, who: Setter) -> None:
    """Raises NotAllowed for a manager who may not set a paywall up. An app's key may, for it is that paywall's own."""
    if isinstance(who, Manager):
        check_may(session, who, Act.SET_UP)
