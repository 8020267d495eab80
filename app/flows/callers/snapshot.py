"""What a paywall key stands for: one read of paywall, version and prices, kept in memory by the callers.

The epochs in it say what it rests on; the ledger refuses a hold that was decided on an older one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.drafts.drafts import is_awaited
from app.domain.errors import NotFound, UnknownKey, WrongMode
from app.domain.events import subscriptions
from app.domain.events.catalogue import REQUEST_BLOCKED
from app.domain.key_text import hash_key
from app.domain.ledger.operations import Epoch
from app.domain.ledger.tables import LedgerEpoch
from app.domain.money import Environment, Unit
from app.domain.paywalls import configuration, keys
from app.domain.paywalls.archiving import check_open
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.limit_overrides import read_overrides
from app.domain.paywalls.limits import KeyLimits, limits_of_key
from app.domain.paywalls.modes import RULES, Mode, ModeRules
from app.domain.paywalls.paywall import Paywall, credits_paywall_id, find_credits
from app.domain.paywalls.provider import origin_of
from app.domain.paywalls.tables import PaywallKey
from app.domain.people import account_keys
from app.domain.playground import playground
from app.domain.pricing.price_book import Offer, read_offers
from app.domain.wallets.wallets import UserWallet, app_wallet, read_barred
from app.sql.columns import table_of

NO_KEY = ""
"""Stands for the key of whoever has none."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A paywall as one of its keys sees it, at one moment.

    `version` is the number of its configuration; `blocked` are the users that the developer refuses, `frozen` those
    whose wallet may not be charged; `told` are the names of the events that somebody is told of; `limits` is None
    where nothing is limited. `requests_per_hour` bounds a playground, None for a key. `account_id` is whose credits pay
    where the key is an account's own; None where an app calls for its users. `is_page` says that the account comes by
    our own page instead, whose `key_id` all accounts have together.
    """

    paywall_id: str
    key_id: str
    mode: Mode
    environment: Environment
    unit: Unit
    version: int
    configuration: Configuration
    offers: Mapping[str, Offer]
    unpriced: frozenset[str]
    epochs: tuple[Epoch, ...]
    blocked: frozenset[str] = frozenset()
    frozen: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()
    limits: KeyLimits | None = None
    requests_per_hour: int | None = None
    account_id: str | None = None
    is_page: bool = False

    @property
    def counted_key(self) -> str:
        """Whose use the limits of a key count: the key's, and each account's on the page that has none."""
        return f"{self.key_id}:{self.account_id}" if self.is_page else self.key_id

    @property
    def rules(self) -> ModeRules:
        """What is true of every paywall of its mode."""
        return RULES[self.mode]

    @property
    def paywall(self) -> Paywall:
        """The paywall itself, as it was then."""
        return Paywall(self.paywall_id, self.mode, self.environment, self.unit, self.version)

    def wallet(self, user: str) -> UserWallet:
        """Returns the wallet that a user of this paywall pays from."""
        return app_wallet(self.paywall_id, user, self.environment, self.unit)


def read_snapshot(session: Session, key: str) -> Snapshot:
    """Returns what a key stands for. Raises UnknownKey for one that is unknown or revoked, Archived, WrongMode."""
    table = table_of(PaywallKey)
    stored = session.execute(select(table).where(table.c.hash == hash_key(key))).first()
    if stored is None:
        raise UnknownKey("This API key is not known. Check that it was copied whole.")
    if stored.revoked_at is not None:
        raise UnknownKey(f"The API key ending in {stored.last_four} has been revoked.")
    return _of_apps(_read(session, stored.paywall_id, stored.id, keys.epoch_subject(stored.id)))


def read_account_snapshot(session: Session, key: str, minimum_nanos: int) -> Snapshot:
    """Returns what an account's own key stands for: the operator's paywall, paid with its credits.

    A request costs `minimum_nanos` at least, whatever its model. Raises UnknownKey for a key that is unknown or
    revoked, WrongMode where this instance offers no credits, Archived.
    """
    found = account_keys.find_owner(session, key)
    if found is None:
        raise UnknownKey("This API key is not known, or has been revoked. Your own is in your account's settings.")
    read = read_open_credits(session, found.environment, minimum_nanos, found.id)
    return replace(read, account_id=found.account_id)


def read_open_credits(session: Session, environment: Environment, minimum_nanos: int, key_id: str = NO_KEY) -> Snapshot:
    """Returns the operator's paywall as anybody may see it. Raises WrongMode where there is none, Archived."""
    if find_credits(session, environment) is None:
        raise WrongMode("Account keys pay with credits, and this instance offers none. "
                        "An app calls with its paywall's key.")  # fmt: skip
    read = _read(session, credits_paywall_id(environment), key_id, account_keys.epoch_subject(key_id))
    return replace(read, offers=_with_minimum(read.offers, minimum_nanos))


def _with_minimum(offers: Mapping[str, Offer], minimum_nanos: int) -> Mapping[str, Offer]:
    """Returns offers of which a request costs so much at least, whatever its model."""
    return {
        model: replace(offer, price=replace(offer.price, minimum_nanos=max(minimum_nanos, offer.price.minimum_nanos)))
        for model, offer in offers.items()
    }


def _of_apps(read: Snapshot) -> Snapshot:
    """Returns a paywall that apps may call. Raises WrongMode: the caller of any other names whose money it takes."""
    if read.rules.is_operators:
        raise WrongMode("This paywall is paid with people's own credits: they call it with their accounts' keys.")
    return read


def read_open_playground(session: Session, slug: str, site: str) -> Snapshot:
    """Returns what the address of an open playground stands for; links may lead back to `site`, where its page is.

    Raises NotFound, in the same words whatever the reason is; WrongMode for the operator's own paywall.
    """
    paywall_id = playground.find_playground(session, slug)
    if paywall_id is None:
        raise NotFound("There is no playground at this address.")
    read = _of_apps(_read(session, paywall_id, playground.KEY_ID, playground.epoch_subject(paywall_id)))
    ours = origin_of(site)
    origins = (*read.configuration.return_origins, *((ours,) if ours else ()))
    per_hour = playground.read_playground(session, paywall_id).requests_per_hour
    return replace(read, configuration=replace(read.configuration, return_origins=origins), requests_per_hour=per_hour)


def _read(session: Session, paywall_id: str, key_id: str, key_subject: str) -> Snapshot:
    """Reads a paywall as whoever comes by a key sees it; the key's epoch is that of `key_subject`. Raises Archived."""
    paywall, current = configuration.read_current(session, paywall_id)
    check_open(paywall, current.app_name)
    subjects = (key_subject, configuration.epoch_subject(paywall.id))
    epochs = read_epochs(session, subjects)
    blocked, frozen = read_barred(session, paywall.id)
    overrides = read_overrides(session, paywall.id)
    offers = read_offers(session, paywall.id, paywall.unit)
    served = {model: offer for model, offer in offers.priced.items() if current.find_provider(offer.provider)}
    return Snapshot(
        paywall_id=paywall.id,
        key_id=key_id,
        mode=paywall.mode,
        environment=paywall.environment,
        unit=paywall.unit,
        version=paywall.version,
        configuration=current,
        offers=served,
        unpriced=offers.unpriced | (offers.priced.keys() - served.keys()),
        epochs=tuple(Epoch(subject, epochs.get(subject, 0)) for subject in subjects),
        blocked=blocked,
        frozen=frozen,
        told=_read_told(session, paywall.id),
        limits=limits_of_key(current.limits, overrides.users, overrides.keys.get(key_id)),
    )


def _read_told(session: Session, paywall_id: str) -> frozenset[str]:
    """Returns what anybody is told of; whoever waits for a new paywall's first request is, of links in its place."""
    told = subscriptions.read_told(session, paywall_id)
    return told | {REQUEST_BLOCKED} if is_awaited(session, paywall_id) else told


def read_epochs(session: Session, subjects: tuple[str, ...]) -> dict[str, int]:
    """Returns the epochs of those subjects that ever changed."""
    table = table_of(LedgerEpoch)
    rows = session.execute(select(table.c.subject, table.c.epoch).where(table.c.subject.in_(subjects)))
    return {row.subject: row.epoch for row in rows}


def find_outdated(session: Session, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Returns the snapshots that rest on something that has changed since."""
    subjects = tuple({epoch.subject for snapshot in snapshots for epoch in snapshot.epochs})
    current = read_epochs(session, subjects)
    return [
        snapshot
        for snapshot in snapshots
        if any(current.get(epoch.subject, 0) != epoch.epoch for epoch in snapshot.epochs)
    ]
