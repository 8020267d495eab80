"""Trial money: given once to each verified identity and account in an environment (`decisions.md` 11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ids import derived_id
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.network import network_of
from app.domain.turns import take_turns
from app.domain.wallets.tables import TrialGrant
from app.sql.columns import table_of

DAY_SECONDS = 24 * 60 * 60
INSTANCE = "instance"
"""The owner of accounts that the whole instance has one of."""


class Outcome(StrEnum):
    """What became of a person's trial money."""

    GIVEN = "given"
    """They have it now."""
    HAD = "had"
    """They, or one of their identities, had it before."""
    REFUSED = "refused"
    """Too many people at their network address had it today."""


_TABLE = table_of(TrialGrant)


@dataclass(frozen=True, slots=True)
class TrialRules:
    """How much is given, and how often a day to people at one network address."""

    amount_nanos: int
    of_address_max: int


def mark_had(session: Session, person_id: str, others: Sequence[str], source: str) -> None:
    """Marks a person as having had their trial where one of others, who is the same by `source`, had it.

    Nothing is taken back from anybody (`decisions.md` 11).
    """
    table, now = _TABLE, clock.now()
    found = select(table.c.environment).where(table.c.person_id.in_(list(others)), table.c.amount_nanos > 0).distinct()
    for environment in session.scalars(found).all():
        had = select(func.count()).where(table.c.person_id == person_id, table.c.environment == environment)
        if not session.scalar(had):
            session.add(TrialGrant(id=derived_id("tri", environment, source, person_id), person_id=person_id,
                                   environment=environment, address="", amount_nanos=0, created_at=now))  # fmt: skip
    session.flush()


def give_trial(
    session: Session, rules: TrialRules, person_id: str, identity_ids: Sequence[str], wallet: Account, address: str
) -> Outcome:
    """Gives trial money to a shared wallet: `given`, `had` if person or identity had it before, `refused` if
    too many at this network address had theirs today.
    """
    environment = wallet.environment.value
    ids = [derived_id("tri", environment, identity_id) for identity_id in identity_ids]
    network = network_of(address)
    had = select(func.count()).where(
        (_TABLE.c.id.in_(ids)) | ((_TABLE.c.person_id == person_id) & (_TABLE.c.environment == environment))
    )
    if not rules.amount_nanos or not ids or session.scalar(had):
        return Outcome.HAD
    # However many sign in at once, each counts those before it.
    take_turns(session, f"trials:{environment}:{network}")
    now = clock.now()
    since = now - DAY_SECONDS * clock.SECOND
    people = select(func.count(_TABLE.c.person_id.distinct())).where(
        _TABLE.c.address == network, _TABLE.c.environment == environment, _TABLE.c.created_at > since
    )
    if (session.scalar(people) or 0) >= rules.of_address_max:
        return Outcome.REFUSED
    # Of two that give at once to one identity, the second fails on its row and gives nothing.
    for grant_id in ids:
        session.add(TrialGrant(id=grant_id, person_id=person_id, environment=environment, address=network,
                               amount_nanos=rules.amount_nanos, created_at=now))  # fmt: skip
    session.flush()
    transfer = Transfer(wallet.beside(Kind.GRANTS, INSTANCE), wallet.promo, rules.amount_nanos, "grant")
    apply_one(session, Post(f"trial:{environment}:{person_id}", (transfer,)))
    return Outcome.GIVEN
