"""Accounts and paywalls of this instance, as an operator looks through them: the newest, or those that are named."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import CompoundSelect, func, select, union
from sqlalchemy.orm import Session

from app.domain.ids import as_id
from app.domain.paywalls.names import read_names
from app.domain.paywalls.tables import PaywallMember, PaywallRow
from app.domain.people.tables import PersonAccount, SignInSession
from app.sql.columns import table_of


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """A person: how many paywalls they own, how many sign-ins are open, and when one was used last."""

    id: str
    name: str
    email: str | None
    created_at: int
    paywalls: int
    sessions: int
    seen_at: int | None


@dataclass(frozen=True, slots=True)
class FoundPaywall:
    """A paywall: `owner` is an address or an account, None where it is the operators'."""

    id: str
    app_name: str
    mode: str
    environment: str
    version: int
    owner: str | None
    archived_at: int | None


def find_accounts(session: Session, words: str, limit: int) -> Sequence[FoundAccount]:
    """Returns accounts by their id or address as it is written, without words the newest."""
    people, members, sessions = table_of(PersonAccount), table_of(PaywallMember), table_of(SignInSession)
    owned = select(func.count()).where(members.c.account_id == people.c.id).scalar_subquery()
    is_open = (sessions.c.account_id == people.c.id, sessions.c.revoked_at.is_(None))
    count = select(func.count()).where(*is_open).scalar_subquery()
    seen = select(func.max(sessions.c.seen_at)).where(*is_open).scalar_subquery()
    found = select(people, owned.label("paywalls"), count.label("sessions"), seen.label("seen"))
    if words:
        found = found.where(people.c.id.in_(_people(words)))
    rows = session.execute(found.order_by(people.c.id.desc()).limit(limit))
    return [FoundAccount(row.id, row.name, row.email, row.created_at, row.paywalls, row.sessions, row.seen)
            for row in rows]  # fmt: skip


def find_paywalls(session: Session, words: str, limit: int) -> Sequence[FoundPaywall]:
    """Returns paywalls by their id, or their owner's id or address, as it is written; without words the newest."""
    paywalls, members, people = table_of(PaywallRow), table_of(PaywallMember), table_of(PersonAccount)
    found = (
        select(paywalls, func.coalesce(people.c.email, people.c.id).label("owner"))
        .outerjoin(members, members.c.paywall_id == paywalls.c.id)
        .outerjoin(people, people.c.id == members.c.account_id)
    )
    if words:
        owned = select(members.c.paywall_id).where(members.c.account_id.in_(_people(words)))
        named = union(select(paywalls.c.id).where(paywalls.c.id == as_id(words)), owned)
        found = found.where(paywalls.c.id.in_(named))
    rows = session.execute(found.order_by(paywalls.c.id.desc()).limit(limit)).all()
    names = read_names(session, [row.id for row in rows])
    return [
        FoundPaywall(row.id, names.get(row.id, row.id), row.mode, row.environment, row.version, row.owner,
                     row.archived_at)
        for row in rows
    ]  # fmt: skip


def _people(words: str) -> CompoundSelect[tuple[str]]:
    """Returns the ids of accounts of this id or address, each found by its index."""
    people = table_of(PersonAccount)
    is_found = (people.c.id == as_id(words), people.c.email == as_id(words).lower())
    return union(*(select(people.c.id).where(one) for one in is_found))
