"""Who calls: a key becomes a snapshot of its paywall, kept in memory until something that it rests on changes.

A charged request is safe without this watch, because the ledger refuses holds decided on an old epoch;
everything else sees a change within a second (`decisions.md` 27).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from app import db, wiring
from app.domain.errors import BadField, LimitReached, NotFound, StaleDecision, UnknownKey, WrongMode
from app.domain.legs.legs import Source
from app.domain.money import NANOS, Environment
from app.domain.paywalls.configuration import UserFrom, UserPlace
from app.domain.paywalls.keys import is_well_formed
from app.domain.paywalls.modes import ModeRules
from app.domain.people.account_keys import is_account_key
from app.domain.record import record
from app.domain.usage.requests import UNLABELLED, Labels, check_label
from app.domain.wallets.wallets import check_user
from app.each_alone import alone
from app.flows.callers.snapshot import (
    NO_KEY,
    Snapshot,
    find_outdated,
    read_account_snapshot,
    read_open_credits,
    read_open_playground,
    read_snapshot,
)
from app.wiring.rules import credits_environment_of

K = TypeVar("K")

WATCH_SECONDS = 0.5
SNAPSHOTS_MAX = 10_000

PAGE = "chat"
"""What stands in the place of the key of a request that came by our own page; no key has this id."""

_snapshots: dict[str, Snapshot] = {}
_accounts: dict[tuple[str, int], Snapshot] = {}
"""By accounts' own keys, and what a request cost at least when they were read."""
_playgrounds: dict[str, Snapshot] = {}
"""By the last part of their addresses. Apart from the others: an address is no key, and opens nothing under /v1."""


async def find_caller(authorization: bytes | str | None) -> Snapshot:
    """Returns the paywall of an `Authorization: Bearer` header. Raises UnknownKey."""
    scheme, key = _said(authorization)
    found = _snapshots.get(key)
    if found is not None and scheme == "bearer":
        return found
    if is_account_key(key):
        raise WrongMode("This is an account's own key: it chats, and reads models, its orders and receipts. "
                        "An app calls with its paywall's key.")  # fmt: skip
    if scheme != "bearer" or not is_well_formed(key):
        raise UnknownKey("This API key is not one of ours. Check that it was copied whole.")
    return await refresh(key)


async def find_payer(authorization: bytes | str | None) -> Snapshot:
    """Returns the paywall of a header as `find_caller`; with an account's own key the operator's, paid by its credits.

    Raises UnknownKey, WrongMode where there are no credits.
    """
    scheme, key = _said(authorization)
    if scheme != "bearer" or not is_account_key(key):
        return await find_caller(authorization)
    minimum = wiring.get().settings.minimum_credits * NANOS
    return await _find_account(key, minimum, lambda session: read_account_snapshot(session, key, minimum))


async def find_credits() -> Snapshot:
    """Returns the operator's paywall as anybody may see it, without a key. Raises WrongMode where there is none."""
    chosen = wiring.get().settings
    minimum, environment = chosen.minimum_credits * NANOS, credits_environment_of(chosen)
    return await _find_account(NO_KEY, minimum, lambda session: read_open_credits(session, environment, minimum))


async def _find_account(key: str, minimum: int, read: Callable[[db.Session], Snapshot]) -> Snapshot:
    known = _accounts.get((key, minimum))
    if known is not None:
        return known
    found = await db.in_transaction(read)
    if len(_accounts) >= SNAPSHOTS_MAX:
        _accounts.pop(next(iter(_accounts)))
    _accounts[key, minimum] = found
    return found


def _said(authorization: bytes | str | None) -> tuple[str, str]:
    """Returns scheme and key of a header. Raises UnknownKey for none."""
    text = authorization.decode("latin-1") if isinstance(authorization, bytes) else authorization
    if not text:
        raise UnknownKey("No API key was given. Send it as `Authorization: Bearer sk-coinslot-…`.")
    scheme, _, key = text.partition(" ")
    return scheme.lower(), key.strip()


async def refresh(key: str) -> Snapshot:
    """Reads a key's paywall anew. Raises UnknownKey."""
    _snapshots.pop(key, None)
    found = await db.in_transaction(lambda session: read_snapshot(session, key))
    if len(_snapshots) >= SNAPSHOTS_MAX:
        _snapshots.pop(next(iter(_snapshots)))
    _snapshots[key] = found
    return found


async def renew(snapshot: Snapshot, authorization: bytes | str | None) -> Snapshot:
    """Reads the paywall anew that the ledger found to be old.

    Raises UnknownKey, and StaleDecision if another user could be meant now: the request is understood anew then.
    """
    forget(snapshot)
    found = await find_payer(authorization)
    if found.configuration.user_from is not snapshot.configuration.user_from:
        raise StaleDecision("The paywall's settings are changing right now; nothing was charged.")
    return found


async def find_playground(slug: str) -> Snapshot:
    """Returns the paywall whose open playground is at an address. Raises NotFound."""
    found = _playgrounds.get(slug)
    if found is None:
        site = wiring.get().links.base_url
        found = await db.in_transaction(lambda session: read_open_playground(session, slug, site))
        if len(_playgrounds) >= SNAPSHOTS_MAX:
            _playgrounds.pop(next(iter(_playgrounds)))
        _playgrounds[slug] = found
    return found


async def renew_playground(snapshot: Snapshot, slug: str) -> Snapshot:
    """Reads the paywall anew that the ledger found to be old. Raises NotFound for a playground that was closed."""
    forget(snapshot)
    return await find_playground(slug)


async def find_own(account_id: str) -> Snapshot:
    """Returns the operator's paywall as an account sees it that is signed in on our own page.

    Raises NotFound where this instance offers no credits.
    """
    chosen = wiring.get().settings
    minimum, environment = chosen.minimum_credits * NANOS, credits_environment_of(chosen)
    try:
        found = await _find_account(
            PAGE, minimum, lambda session: read_open_credits(session, environment, minimum, PAGE)
        )
    except WrongMode as error:
        raise NotFound("This instance offers no credits to chat with.") from error
    return replace(found, account_id=account_id, is_page=True)


async def renew_own(snapshot: Snapshot) -> Snapshot:
    """Reads the paywall anew that the ledger found to be old for an account on our own page. Raises NotFound."""
    for key in [key for key in _accounts if key[0] == PAGE]:
        del _accounts[key]
    return await find_own(snapshot.account_id or "")


def forget(snapshot: Snapshot) -> None:
    """Drops a snapshot that the ledger found to be old."""
    _drop(_snapshots, snapshot)
    _drop(_accounts, snapshot)
    _drop(_playgrounds, snapshot)


def _drop(known: dict[K, Snapshot], snapshot: Snapshot) -> None:
    for key in [key for key, kept in known.items() if kept is snapshot]:
        del known[key]


@record(frozen=True, slots=True)
class NamedUser:
    """An end user by the app's own id, and the place of the request that named them; None where the key did."""

    id: str
    place: UserPlace | None


def find_user(user_from: UserFrom, *, body: object, header: str | None, path: str | None) -> NamedUser:
    """Returns the end user of a request: whom body, header or URL name, in this order, or the one place that counts.

    What stands in another place then means nothing to us. Raises BadField.
    """
    if body is not None and user_from is UserFrom.ANY:
        return NamedUser(check_user(body, "user"), UserPlace.BODY)
    if header is not None and user_from is not UserFrom.URL:
        return NamedUser(check_user(header, "X-Paywall-User"), UserPlace.HEADER)
    if path is not None and user_from is not UserFrom.HEADER:
        return NamedUser(check_user(path, "user"), UserPlace.URL)
    field = "X-Paywall-User" if user_from is UserFrom.HEADER else "user"
    raise BadField(field, _HOW_TO_NAME[user_from], "user_required")


_HOW_TO_NAME: dict[UserFrom, str] = {
    UserFrom.ANY: "Name the end user: `user` in the body, the header `X-Paywall-User`, or /v1/{user}/… in the URL.",
    UserFrom.HEADER: "Name the end user in the header `X-Paywall-User`: this paywall takes them from nowhere else.",
    UserFrom.URL: "Name the end user in the URL, /v1/{user}/…: this paywall takes them from nowhere else.",
}


def read_billing(said: str | None, rules: ModeRules) -> Source | None:
    """Returns who is to pay the provider, None where a call leaves that open. Raises BadField.

    Who asks for the user's own key must not be charged instead: where users have no accounts they have no keys.
    """
    if said is None:
        return None
    if said not in tuple(Source):
        raise BadField("X-Paywall-Billing", "`X-Paywall-Billing` must be `platform` or `byok`.", "unsupported_billing")
    source = Source(said)
    if source is Source.OWN and rules.has_app_wallets:
        message = "`X-Paywall-Billing: byok` needs users with accounts of their own, whom default mode has not."
        raise BadField("X-Paywall-Billing", message, "unsupported_billing")
    return source


def check_simulated(environment: Environment, wanted: str | None) -> None:
    """Raises what `X-Paywall-Simulate` asks for, so that an app's staging sees it: a rate limit. Raises BadField."""
    if wanted is None:
        return
    if environment is Environment.LIVE or wanted != "rate_limit":
        raise BadField("X-Paywall-Simulate", "`X-Paywall-Simulate` may be `rate_limit`, and in the sandbox only.")
    raise LimitReached("`X-Paywall-Simulate` asked for this: no limit was reached.", "requests_per_minute", 1)


def read_labels(session: str | None, agent: str | None, order: str | None) -> Labels:
    """Returns what the headers of a charge say of it. Raises BadField."""
    if session is None and agent is None and order is None:
        return UNLABELLED
    return Labels(check_label(session, "X-Paywall-Session"), check_label(agent, "X-Paywall-Agent"),
                  check_label(order, "X-Paywall-Order"))  # fmt: skip


@asynccontextmanager
async def watching() -> AsyncIterator[None]:
    """Drops snapshots as soon as what they rest on has changed, as long as the process lives."""
    watch = asyncio.create_task(_watch())
    try:
        yield
    finally:
        watch.cancel()
        _snapshots.clear()
        _accounts.clear()
        _playgrounds.clear()


async def _watch() -> None:
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        await alone("caller", "watch", _forget_outdated)


async def _forget_outdated() -> None:
    kept = [*_snapshots.values(), *_accounts.values(), *_playgrounds.values()]
    if kept:
        for snapshot in await db.in_transaction(partial(find_outdated, snapshots=kept)):
            forget(snapshot)
