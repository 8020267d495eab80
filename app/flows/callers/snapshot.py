"""What a paywall key stands for: one read of paywall, version and prices, kept in memory by the callers.

The epochs in it say what it rests on; the ledger refuses a hold that was decided on an older one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.drafts.drafts import is_awaited
from app.domain.errors import NotFound, UnknownKey
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
from app.domain.paywalls.paywall import Paywall
from app.domain.paywalls.provider import origin_of
from app.domain.paywalls.tables import PaywallKey
from app.domain.playground import playground
from app.domain.pricing.price_book import Offer, read_offers
from app.domain.wallets.wallets import UserWallet, app_wallet, read_barred
from app.sql.columns import table_of


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A paywall as one of its keys sees it, at one moment.

    `version` is the number of its configuration; `blocked` are the users that the developer refuses, `frozen` those
    whose wallet may not be charged; `told` are the names of the events that somebody is told of; `limits` is None
    where nothing is limited. `requests_per_hour` bounds a playground, None for a key.
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
    """Returns what a key stands for. Raises UnknownKey for one that is unknown or revoked, Archived."""
    table = table_of(PaywallKey)
    stored = session.execute(select(table).where(table.c.hash == hash_key(key))).first()
    if stored is None:
        raise UnknownKey("This API key is not known. Check that it was copied whole.")
    if stored.revoked_at is not None:
        raise UnknownKey(f"The API key ending in {stored.last_four} has been revoked.")
    return _read(session, stored.paywall_id, stored.id, keys.epoch_subject(stored.id))


def read_open_playground(session: Session, slug: str, site: str) -> Snapshot:
    """Returns what the address of an open playground stands for; links may lead back to `site`, where its page is.

    Raises NotFound, in the same words whatever the reason is.
    """
    paywall_id = playground.find_playground(session, slug)
    if paywall_id is None:
        raise NotFound("There is no playground at this address.")
    read = _read(session, paywall_id, playground.KEY_ID, playground.epoch_subject(paywall_id))
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
