"""The users of a paywall: everybody who got a wallet of the app's own there, or allowed it to charge their shared one.

Lists are read newest first through `ix_end_user_newest`; a search looks at so many of them at a time, and says how far.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select, text, tuple_
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.ids import as_id
from app.domain.wallets.tables import EndUser, Wallet
from app.domain.wallets.wallets import EXTERNAL_ID, end_user_id
from app.sql.columns import table_of

LOOKED_MAX = 10_000
"""How many users one page of a search looks at; the next one goes on behind them."""
COUNTED_MAX = 10_000
"""No page counts further (`decisions.md` 36)."""

_USERS, _WALLETS = table_of(EndUser), table_of(Wallet)
# As literals, without which SQLite would not use the indexes of the few that are.
_IS_BLOCKED, _IS_FROZEN = text("end_user.blocked_at IS NOT NULL"), text("wallet.frozen_at IS NOT NULL")

Place = tuple[int, str]
"""When a user was first seen, in microseconds, and our own id of theirs."""


class Barred(StrEnum):
    """Which users a list is about."""

    ANY = "any"
    """All of them."""
    BLOCKED = "blocked"
    """Those whom the developer refuses."""
    FROZEN = "frozen"
    """Those whose app wallet may not be charged."""


@dataclass(frozen=True, slots=True)
class User:
    """A user by the app's own id. `since` is when they were first seen (microseconds); `place` continues after them,
    and holds our own id of theirs, by which a page of ours names them."""

    id: str
    since: int
    is_blocked: bool
    place: Place


@dataclass(frozen=True, slots=True)
class UserPage:
    """Users, the newest first; `following` is where the next page begins, None behind the last.

    `looked_until` is since when the users are of whom none was passed over, where a search ended before the last.
    """

    users: Sequence[User]
    following: Place | None
    looked_until: int | None


def find_user(session: Session, paywall_id: str, user: str) -> User:
    """Returns a paywall's user by the app's own id. Raises NotFound."""
    is_id = EXTERNAL_ID.fullmatch(user) is not None
    stored = session.get(EndUser, end_user_id(paywall_id, user)) if is_id else None
    if stored is None:
        raise NotFound(f"{paywall_id} has no user {user[:128]}.")
    return _user(stored)


def find_user_by_id(session: Session, paywall_id: str, own_id: str) -> User:
    """Returns a paywall's user by our own id. Raises NotFound."""
    stored = session.get(EndUser, as_id(own_id))
    if stored is None or stored.paywall_id != paywall_id:
        raise NotFound("There is no such user.")
    return _user(stored)


def count_users(session: Session, paywall_id: str) -> int:
    """Returns how many users a paywall has, COUNTED_MAX + 1 for any more than that."""
    few = select(_USERS.c.id).where(_USERS.c.paywall_id == paywall_id).limit(COUNTED_MAX + 1).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def list_users(
    session: Session,
    paywall_id: str,
    search: str = "",
    barred: Barred = Barred.ANY,
    before: Place | None = None,
    limit: int = 50,
) -> UserPage:
    """Returns up to `limit` users whose id contains `search`, whatever its case, made before a place.

    The one whose id is exactly that is found, however old; others among the newest LOOKED_MAX before the place.
    """
    exact = _exact(session, paywall_id, search, barred) if before is None else []
    end = _end_of_look(session, paywall_id, before) if search and barred is Barred.ANY else None
    statement = page_statement(paywall_id, search, barred, before, end, limit + 1)
    found = [_user(row) for row in session.scalars(statement)]
    has_more, found = len(found) > limit, found[:limit]
    users = [*exact, *(user for user in found if user.id not in {one.id for one in exact})]
    following = found[-1].place if has_more else end
    return UserPage(users, following, None if has_more or end is None else end[0])


def page_statement(
    paywall_id: str, search: str, barred: Barred, before: Place | None, end: Place | None, limit: int
) -> Select[Any]:
    """Returns the query of one page, which reads `ix_end_user_newest` backwards, or the index of the few barred."""
    found = select(EndUser).where(_USERS.c.paywall_id == paywall_id)
    if barred is Barred.BLOCKED:
        found = found.where(_IS_BLOCKED)
    if barred is Barred.FROZEN:
        frozen = select(_WALLETS.c.end_user_id).where(_WALLETS.c.paywall_id == paywall_id, _IS_FROZEN)
        found = found.where(_USERS.c.id.in_(frozen))
    if search:
        found = found.where(func.lower(_USERS.c.external_id).contains(search.lower(), autoescape=True))
    # Of few, their own index is read and they are sorted: a sum keeps the planner from reading through all for them.
    order = (_USERS.c.created_at if barred is Barred.ANY else _USERS.c.created_at + 0, _USERS.c.id)
    if before is not None:
        found = found.where(tuple_(*order) < tuple_(*before))
    if end is not None:
        found = found.where(tuple_(*order) >= tuple_(*end))
    return found.order_by(*(column.desc() for column in order)).limit(limit)


def _exact(session: Session, paywall_id: str, search: str, barred: Barred) -> list[User]:
    if not EXTERNAL_ID.fullmatch(search) or barred is not Barred.ANY:
        return []
    stored = session.get(EndUser, end_user_id(paywall_id, search))
    return [] if stored is None else [_user(stored)]


def _end_of_look(session: Session, paywall_id: str, before: Place | None) -> Place | None:
    """Returns the last user that a search looks at, None where it looks at all that are left."""
    order = (_USERS.c.created_at, _USERS.c.id)
    found = select(*order).where(_USERS.c.paywall_id == paywall_id)
    if before is not None:
        found = found.where(tuple_(*order) < tuple_(*before))
    last = found.order_by(*(column.desc() for column in order)).offset(LOOKED_MAX - 1).limit(1)
    row = session.execute(last).first()
    return None if row is None else (row.created_at, row.id)


def _user(row: EndUser) -> User:
    return User(row.external_id, row.created_at, row.blocked_at is not None, (row.created_at, row.id))
