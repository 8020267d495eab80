"""What apps are called now, for pages that speak of several, and which of them are somebody's to look after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.orm import Session

from app.domain.paywalls.paywall import Paywall, to_paywall
from app.domain.paywalls.tables import PaywallMember, PaywallRow, PaywallVersion
from app.domain.people.sessions import Person
from app.sql.columns import table_of

TOGETHER_MAX = 50
"""How many paywalls of somebody are read together at most, the newest."""


@dataclass(frozen=True, slots=True)
class NamedPaywall:
    """A paywall, and what its app is called now."""

    paywall: Paywall
    app_name: str

    @property
    def kind(self) -> str:
        """Its environment and unit, such as `live-USD`: only numbers of one kind may be added up."""
        return f"{self.paywall.environment.value}-{self.paywall.unit.value}"


def by_kind(owned: Iterable[NamedPaywall]) -> Mapping[str, list[NamedPaywall]]:
    """Returns paywalls by their kind, those of live kinds first."""
    kinds: dict[str, list[NamedPaywall]] = {}
    for one in sorted(owned, key=lambda one: one.kind):
        kinds.setdefault(one.kind, []).append(one)
    return kinds


def read_names(session: Session, paywall_ids: Iterable[str | None]) -> Mapping[str, str]:
    """Returns the app's name of each paywall that there is."""
    paywalls, versions = table_of(PaywallRow), table_of(PaywallVersion)
    rows = session.execute(
        select(paywalls.c.id, versions.c.config)
        .join(versions, (versions.c.paywall_id == paywalls.c.id) & (versions.c.version == paywalls.c.version))
        .where(paywalls.c.id.in_({paywall_id for paywall_id in paywall_ids if paywall_id}))
    )
    return {row.id: row.config["app_name"] for row in rows}


def list_owned(session: Session, person: Person, operators: frozenset[str], count: int) -> list[NamedPaywall]:
    """Returns the newest paywalls that are a person's own, the newest first.

    To somebody whose sign-in has proven one of the addresses `operators` those that nobody owns are their own.
    """
    return _newest(session, _is_own(person.account_id, has_unowned=person.has_proven(operators)), count)


def list_own_ids(session: Session, person: Person, operators: frozenset[str], count: int) -> tuple[str, ...]:
    """Returns the ids alone of the same."""
    asked = {"account_id": person.account_id, "count": count}
    return tuple(session.scalars(_own_ids(has_unowned=person.has_proven(operators)), asked))


@cache
def _own_ids(*, has_unowned: bool) -> Select[tuple[str]]:
    """Returns the question for them; made once, for it is asked at every event of a page."""
    paywalls, members = table_of(PaywallRow), table_of(PaywallMember)
    return (
        select(paywalls.c.id)
        .outerjoin(members, members.c.paywall_id == paywalls.c.id)
        .where(_is_own(bindparam("account_id"), has_unowned=has_unowned))
        .order_by(paywalls.c.created_at.desc(), paywalls.c.id)
        .limit(bindparam("count"))
    )


def list_of_account(session: Session, account_id: str, count: int) -> list[NamedPaywall]:
    """Returns the newest paywalls that an account owns, the newest first."""
    return _newest(session, table_of(PaywallMember).c.account_id == account_id, count)


def _is_own(account_id: Any, *, has_unowned: bool) -> ColumnElement[bool]:
    members = table_of(PaywallMember)
    is_own: ColumnElement[bool] = members.c.account_id == account_id
    return is_own | members.c.account_id.is_(None) if has_unowned else is_own


def _newest(session: Session, is_own: ColumnElement[bool], count: int) -> list[NamedPaywall]:
    paywalls, versions, members = table_of(PaywallRow), table_of(PaywallVersion), table_of(PaywallMember)
    rows = session.execute(
        select(PaywallRow, versions.c.config)
        .join(versions, (versions.c.paywall_id == paywalls.c.id) & (versions.c.version == paywalls.c.version))
        .outerjoin(members, members.c.paywall_id == paywalls.c.id)
        .where(is_own)
        .order_by(paywalls.c.created_at.desc(), paywalls.c.id)
        .limit(count)
    )
    return [NamedPaywall(to_paywall(row), config["app_name"]) for row, config in rows]
