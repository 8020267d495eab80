"""What a consent says of own keys: whether its app may use them, how often a day, and whether they go first.

A day is of UTC. A request counts as it begins; one that was not sent after all is given back.
"""

from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.authorizations.authorizations import allow_own_keys
from app.domain.authorizations.tables import Authorization, OwnKeyUse
from app.domain.errors import BadField, NotFound
from app.domain.ids import as_id
from app.sql.columns import table_of

PER_DAY_MAX = 100_000
USUAL_PER_DAY = 200

_USES, _CONSENTS = table_of(OwnKeyUse), table_of(Authorization)
_TAKE = text(
    "INSERT INTO own_key_use (authorization_id, day, requests) VALUES (:id, :day, :uses)"
    " ON CONFLICT (authorization_id) DO UPDATE SET day = excluded.day,"
    " requests = excluded.requests + CASE WHEN own_key_use.day = excluded.day THEN own_key_use.requests ELSE 0 END"
    " WHERE own_key_use.day <> excluded.day OR own_key_use.requests + excluded.requests <= :most"
)


@dataclass(frozen=True, slots=True)
class OwnKeyTerms:
    """What a consent allows of own keys: so many requests a day, None for none. With `go_first` a request that says
    nothing goes by an own key where one serves its model, else only one that asks for it."""

    per_day: int | None = None
    go_first: bool = True


def check_per_day(typed: str) -> int:
    """Returns how many requests a day somebody typed. Raises BadField."""
    if not typed.isdecimal() or not 1 <= int(typed[:7]) <= PER_DAY_MAX:
        raise BadField("own_keys_per_day", f"Enter how many requests a day, from 1 to {PER_DAY_MAX:,}.")
    return int(typed)


def change_terms(session: Session, account_id: str, authorization_id: str, terms: OwnKeyTerms) -> None:
    """Changes what an app may do with an account's own keys. Raises NotFound for another account's consent."""
    stored = session.get(Authorization, as_id(authorization_id), with_for_update=True)
    if stored is None or stored.account_id != account_id or stored.ended_at is not None:
        raise NotFound("There is no such authorization.")
    allow_own_keys(session, stored, terms.per_day, go_first=terms.go_first)


def terms_of(stored: Authorization) -> OwnKeyTerms:
    """Returns what a consent says; those from before own keys allow none."""
    return OwnKeyTerms(stored.own_keys_per_day, stored.own_keys_first != 0)


def read_per_day(session: Session, authorization_id: str) -> int | None:
    """Returns how many requests a day a consent allows now, None for none."""
    found: int | None = session.scalar(
        select(_CONSENTS.c.own_keys_per_day).where(_CONSENTS.c.id == authorization_id, _CONSENTS.c.ended_at.is_(None))
    )
    return found


def today() -> int:
    """Returns the day, counted from 1970-01-01."""
    return clock.now() // clock.DAY


def take(session: Session, authorization_id: str, day: int, most: int, uses: int = 1) -> bool:
    """Counts uses of own keys: each model that a request asks by one. False where the day has not so many left."""
    if most < uses:
        return False
    counted = {"id": authorization_id, "day": day, "most": most, "uses": uses}
    return bool(session.execute(_TAKE, counted).rowcount)  # type: ignore[attr-defined]


def give_back(session: Session, authorization_id: str, day: int, uses: int = 1) -> None:
    """Counts uses no longer that were not made after all."""
    same = (_USES.c.authorization_id == authorization_id, _USES.c.day == day, _USES.c.requests >= uses)
    session.execute(update(_USES).where(*same).values(requests=_USES.c.requests - uses))
