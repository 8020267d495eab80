"""Sessions: who is signed in. A cookie's value is made here at each sign-in, and only its SHA-256 is kept."""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound, Refused
from app.domain.ids import as_id, new_id
from app.domain.people.tables import PersonAccount, SignInSession
from app.sql.columns import table_of

SESSION_SECONDS = 30 * 24 * 60 * 60
FRESH_SECONDS = 60 * 60
"""How long ago somebody may have signed in for what a thief of their session must not do."""
SEEN_SECONDS = 10 * 60
"""How old the time may be at which a session was last seen, before it is written again."""
BROWSER_CHARACTERS_MAX = 200

_SESSIONS = table_of(SignInSession)


class SignedInLongAgo(Refused):
    """Whoever asks has a session, and must show once more that they are its person."""

    code = "signed_in_long_ago"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, by which session, from which network address.

    `proven_email` is what this sign-in itself has proven, `seen_at` when it was noted last that the session is in use,
    `signed_in_at` when it began (microseconds).
    """

    account_id: str
    session_id: str
    name: str
    email: str | None
    proven_email: str | None
    address: str
    seen_at: int = field(default=0, compare=False)
    signed_in_at: int = field(default=0, compare=False)

    @property
    def is_to_be_noted(self) -> bool:
        """Whether it was noted too long ago that the session is in use."""
        return self.seen_at < clock.now() - SEEN_SECONDS * clock.SECOND

    @property
    def is_fresh(self) -> bool:
        """Whether they signed in so lately that it is they, and not who only got into their session."""
        return self.signed_in_at >= clock.now() - FRESH_SECONDS * clock.SECOND

    def check_fresh(self, act: str) -> None:
        """Raises SignedInLongAgo where somebody signed in too long ago to do what a thief of their session would."""
        if not self.is_fresh:
            raise SignedInLongAgo(f"You signed in more than an hour ago. Sign out and in again before you {act}.")

    def has_proven(self, addresses: frozenset[str]) -> bool:
        """Tells whether this sign-in itself has proven one of these; another session of the person may not have."""
        return self.proven_email is not None and self.proven_email in addresses


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its person sees it."""

    id: str
    method: str
    browser: str
    address: str
    created_at: int
    seen_at: int


def open_session(
    session: Session, account_id: str, method: str, proven_email: str | None, browser: str, address: str
) -> str:
    """Opens a session and returns its cookie's value."""
    token, now = secrets.token_urlsafe(32), clock.now()
    session.add(
        SignInSession(
            id=new_id("ses"),
            account_id=account_id,
            token_hash=_sha256(token),
            method=method,
            proven_email=proven_email,
            browser=browser[:BROWSER_CHARACTERS_MAX],
            address=address,
            created_at=now,
            seen_at=now,
            expires_at=now + SESSION_SECONDS * clock.SECOND,
        )
    )
    session.flush()
    return token


def find_person(session: Session, token: str) -> Person | None:
    """Returns who a cookie's value stands for; None for one that is unknown, revoked or too old."""
    return _person(session.execute(_BY_TOKEN, {"sought": _sha256(token), "now": clock.now()}).first())


def find_person_of(session: Session, session_id: str) -> Person | None:
    """Returns whose session this is; None for one that is unknown, revoked or too old.

    An id is no secret: only what looked the session up by its cookie before may ask by it.
    """
    return _person(session.execute(_BY_ID, {"sought": session_id, "now": clock.now()}).first())


def _sought(column: ColumnElement[str]) -> Select[Any]:
    """Returns the question for the person of a session; made once, for it is asked at every event of a page."""
    people = table_of(PersonAccount)
    told = (_SESSIONS.c.account_id, _SESSIONS.c.id, people.c.name, people.c.email, _SESSIONS.c.proven_email,
            _SESSIONS.c.address, _SESSIONS.c.seen_at, _SESSIONS.c.created_at)  # fmt: skip
    return (
        select(*told)
        .join(people, people.c.id == _SESSIONS.c.account_id)
        .where(
            column == bindparam("sought"), _SESSIONS.c.revoked_at.is_(None), _SESSIONS.c.expires_at > bindparam("now")
        )
    )


_BY_TOKEN, _BY_ID = _sought(_SESSIONS.c.token_hash), _sought(_SESSIONS.c.id)


def _person(row: Any) -> Person | None:
    if row is None:
        return None
    return Person(row.account_id, row.id, row.name, row.email, row.proven_email, row.address, row.seen_at,
                  row.created_at)  # fmt: skip


def note_seen(session: Session, session_id: str) -> None:
    """Notes that a session is in use, unless that was noted a moment ago."""
    now = clock.now()
    session.execute(
        update(_SESSIONS)
        .where(_SESSIONS.c.id == session_id, _SESSIONS.c.seen_at < now - SEEN_SECONDS * clock.SECOND)
        .values(seen_at=now)
    )


def list_sessions(session: Session, account_id: str) -> list[SessionView]:
    """Returns the sessions of an account that are open, the newest first."""
    rows = session.execute(
        select(_SESSIONS)
        .where(
            _SESSIONS.c.account_id == account_id,
            _SESSIONS.c.revoked_at.is_(None),
            _SESSIONS.c.expires_at > clock.now(),
        )
        .order_by(_SESSIONS.c.created_at.desc())
    )
    return [SessionView(row.id, row.method, row.browser, row.address, row.created_at, row.seen_at) for row in rows]


def revoke_session(session: Session, account_id: str, session_id: str) -> None:
    """Ends a session of an account, for every page that is open in it too. Raises NotFound for another's."""
    stored = session.get(SignInSession, as_id(session_id))
    if stored is None or stored.account_id != account_id:
        raise NotFound("There is no such session.")
    if stored.revoked_at is None:
        stored.revoked_at = clock.now()
        session.flush()


def revoke_all(session: Session, account_id: str) -> None:
    """Ends every session of an account."""
    session.execute(
        update(_SESSIONS)
        .where(_SESSIONS.c.account_id == account_id, _SESSIONS.c.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
