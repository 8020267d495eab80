"""Versions of a paywall: configuration and prices, published together and never changed (`decisions.md` 34).

Publishing bumps the paywall's ledger epoch, once a version, so that every process decides anew.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import (
    Configuration,
    check,
    check_responder,
    epoch_subject,
    read_current,
)
from app.domain.paywalls.members import Act, Manager, check_may, may_now
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.paywall import Paywall, lock_paywall, to_paywall
from app.domain.paywalls.provider import check_allowed, without_password
from app.domain.paywalls.tables import PaywallRow, PaywallVersion
from app.sql.columns import table_of


@dataclass(slots=True)
class Edition:
    """A version in the making, whose paywall is locked until the transaction ends.

    `published` is the configuration that counts until then, None for a paywall that is being made; `configuration` is
    what this version will have. `priced` are the models whose price it changes: prices are set and taken off only in
    an edition (`app/domain/pricing/price_book.py`), and count from its `number` on. `made_by` is an account,
    `catalogue`, or None.
    """

    session: Session
    paywall: Paywall
    published: Configuration | None
    configuration: Configuration
    made_by: str | None
    priced: set[str] = field(default_factory=set)

    @property
    def number(self) -> int:
        """The number that this version has once it is published."""
        return self.paywall.version + 1

    @property
    def is_changed(self) -> bool:
        """Whether it differs from what is published."""
        return bool(self.priced) or self.configuration != self.published


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version as it is read."""

    number: int
    configuration: Configuration
    made_by: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class VersionNote:
    """That a version was published: its number, by whom, when."""

    number: int
    made_by: str | None
    created_at: int


def open_edition(session: Session, paywall_id: str, made_by: str | None) -> Edition:
    """Begins the next version of a paywall, as the newest is now. Raises NotFound."""
    lock_paywall(session, paywall_id)
    paywall, current = read_current(session, paywall_id)
    return Edition(session, paywall, current, current, made_by)


def open_first_edition(
    session: Session, paywall_id: str, mode: Mode, environment: Environment, unit: Unit, first: Configuration,
    made_by: str | None = None,
) -> Edition:  # fmt: skip
    """Makes a paywall and begins its first version."""
    row = PaywallRow(id=paywall_id, mode=mode.value, environment=environment.value, unit=unit.value, version=0,
                     created_at=clock.now())  # fmt: skip
    session.add(row)
    session.flush()
    return Edition(session, to_paywall(row), None, first, made_by)


def publish(edition: Edition) -> int:
    """Publishes an edition, unless it changes nothing, and returns the number that counts then. Raises BadField."""
    paywall, wanted, session = edition.paywall, edition.configuration, edition.session
    if not edition.is_changed:
        return paywall.version
    # One that was published by a rule that has changed since keeps nobody from its prices.
    if wanted != edition.published:
        check(wanted, edition.published)
        for place, provider in enumerate(wanted.providers):
            check_allowed(paywall.mode, paywall.environment, provider, f"providers[{place}]")
        check_responder(paywall.environment, wanted.responder)
    row = session.get_one(PaywallRow, paywall.id)
    row.version = edition.number
    session.add(PaywallVersion(paywall_id=paywall.id, version=edition.number, config=wanted.to_json(),
                               made_by=edition.made_by, created_at=clock.now()))  # fmt: skip
    session.flush()
    apply_one(session, BumpEpoch(epoch_subject(paywall.id)))
    return edition.number


def read_version(session: Session, paywall_id: str, number: int) -> VersionView:
    """Returns a version of a paywall; its prices are `price_book.prices_at`. Raises NotFound."""
    row = session.get(PaywallVersion, (paywall_id, number))
    if row is None:
        raise NotFound(f"{paywall_id} has no version {number}.")
    return VersionView(row.version, Configuration.from_json(row.config), row.made_by, row.created_at)


def list_versions(session: Session, manager: Manager, below: int | None, count: int) -> list[VersionNote]:
    """Returns who published the newest versions and when, the newest first; those below a number, if one is given.

    Raises NotFound, NotAllowed.
    """
    check_may(session, manager, Act.READ)
    versions = table_of(PaywallVersion)
    wanted = select(versions.c.version, versions.c.made_by, versions.c.created_at).where(
        versions.c.paywall_id == manager.paywall_id
    )
    if below is not None:
        wanted = wanted.where(versions.c.version < below)
    rows = session.execute(wanted.order_by(versions.c.version.desc()).limit(count))
    return [VersionNote(*row) for row in rows]


HIDDEN = "(hidden)"
"""What stands in the place of what may not be seen."""
_SEALED = ("key_sealed", "secret_sealed")


def show_version(session: Session, manager: Manager, number: int) -> VersionView:
    """Returns a version as a manager may see it: no secret, no header's value, and words of messages for owners only.

    Addresses are shown without the passwords that they could hold once.

    Raises NotFound, NotAllowed.
    """
    check_may(session, manager, Act.READ)
    found = read_version(session, manager.paywall_id, number)
    shown = _without_secrets(found.configuration.to_json())
    if not may_now(session, manager, Act.READ_MESSAGES):
        shown["messages"] = dict.fromkeys(shown["messages"], HIDDEN)
    return replace(found, configuration=Configuration.from_json(shown))


def _without_secrets(stored: Any) -> Any:
    """Returns JSON of a configuration with everything hidden that opens something elsewhere, wherever it stands."""
    if isinstance(stored, (list, tuple)):
        return [_without_secrets(each) for each in stored]
    if not isinstance(stored, dict):
        return stored
    shown = {name: HIDDEN if name in _SEALED and value else _without_secrets(value) for name, value in stored.items()}
    if "base_url" in shown:
        shown["base_url"] = without_password(stored["base_url"], HIDDEN)
    if "headers" in shown:
        shown["headers"] = [[header[0], HIDDEN] for header in stored["headers"]]
    return shown
