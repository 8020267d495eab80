"""Codes that prove an address: six digits, good once, for a few minutes and tries, in the browser that asked.

What is said to whoever asks never depends on whether the address is known here.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import LimitReached, Refused
from app.domain.ids import is_word, new_id
from app.domain.network import network_of
from app.domain.people.accounts import ProvenIdentity
from app.domain.people.tables import SignInCode
from app.domain.turns import take_turns
from app.sql.columns import table_of

CODE_SECONDS = 10 * 60
TRIES_MAX = 5
HOUR_SECONDS = 60 * 60
CODES_OF_SENDER_MAX = 5
CODES_OF_EMAIL_MAX = 20
CODES_OF_ADDRESS_MAX = 30
"""How many codes an hour one network may ask for to one address, how many an address is sent by all who are not known
there, and how many one network may ask for at all."""
KEPT_SECONDS = 24 * HOUR_SECONDS
_DIGITS = 6

_CODES = table_of(SignInCode)


class CodeWrong(Refused):
    """A code that does not let anybody in; the message says what to do."""

    code = "code_wrong"


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code in clear, for the mail, and what the asking browser keeps to use it."""

    code: str
    browser_token: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What a code has proven: the address, and beside it the OIDC identity that waited for it.

    `account_id` is who was signed in when the code was asked for.
    """

    email: str
    identity: ProvenIdentity | None
    account_id: str | None


def make_code(
    session: Session,
    pepper: bytes,
    email: str,
    address: str,
    identity: ProvenIdentity | None = None,
    account_id: str | None = None,
    *,
    is_known: bool = False,
) -> NewCode:
    """Makes a code for an address. Raises LimitReached if it, or the network of who asks, has asked too often.

    A browser that `is_known` to the address is not counted with all the others that ask for it, who may be strangers.
    """
    now, network = clock.now(), network_of(address)
    # However many ask at once, each counts those before it.
    take_turns(session, f"codes:email:{email}", f"codes:network:{network}")
    of_email, of_network = _CODES.c.email == email, _CODES.c.address == network
    _limit(session, of_email & of_network, CODES_OF_SENDER_MAX, now)
    if not is_known:
        _limit(session, of_email & (_CODES.c.is_known == 0), CODES_OF_EMAIL_MAX, now)
    _limit(session, of_network, CODES_OF_ADDRESS_MAX, now)
    code, browser = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}", secrets.token_urlsafe(24)
    made = SignInCode(
        id=new_id("sic"),
        email=email,
        code_hash="",
        browser_hash=_sha256(browser),
        address=network,
        is_known=int(is_known),
        tries=0,
        issuer=identity.issuer if identity else None,
        subject=identity.subject if identity else None,
        label=identity.label if identity else None,
        account_id=account_id,
        created_at=now,
    )
    # A code has so few digits that its hash alone would tell it: it is keyed with the instance's secret.
    made.code_hash = _code_hash(pepper, made.id, code)
    session.add(made)
    session.flush()
    return NewCode(code, f"{made.id}.{browser}")


def _limit(session: Session, which: ColumnElement[bool], most: int, now: int) -> None:
    since = now - HOUR_SECONDS * clock.SECOND
    made = select(func.count(), func.min(_CODES.c.created_at)).where(which, _CODES.c.created_at > since)
    count, oldest = session.execute(made).one()
    if count >= most:
        wait = max((oldest - since) // clock.SECOND, 1)
        minutes = -(-wait // 60)
        message = f"Too many codes were asked for. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
        raise LimitReached(message, "too_many_codes", wait)


def try_code(session: Session, pepper: bytes, browser_token: str, code: str) -> Proof | None:
    """Uses a code, and returns what it proves; None, with the try counted, if it is not the right one.

    Raises CodeWrong if there is none to try: of another browser, used, too old, or tried too often.
    """
    stored = _find(session, browser_token, is_locked=True)
    if stored is None:
        raise CodeWrong("Ask for a code first, in this browser.")
    is_old = stored.created_at + CODE_SECONDS * clock.SECOND < clock.now()
    if stored.used_at is not None or is_old or stored.tries >= TRIES_MAX:
        raise CodeWrong("This code can no longer be used. Ask for a new one.")
    stored.tries += 1
    is_right = hmac.compare_digest(stored.code_hash, _code_hash(pepper, stored.id, "".join(code.split())))
    if is_right:
        stored.used_at = clock.now()
    session.flush()
    if not is_right:
        return None
    identity = None
    if stored.issuer and stored.subject:
        identity = ProvenIdentity(stored.issuer, stored.subject, stored.label or stored.subject)
    return Proof(stored.email, identity, stored.account_id)


def forget_codes(session: Session) -> int:
    """Forgets codes that are too old to count, and returns how many."""
    before = clock.now() - KEPT_SECONDS * clock.SECOND
    return session.execute(delete(_CODES).where(_CODES.c.created_at < before)).rowcount  # type: ignore[attr-defined,no-any-return]


def _code_hash(pepper: bytes, code_id: str, code: str) -> str:
    return hmac.new(pepper, f"sign-in:{code_id}:{code}".encode(), "sha256").hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def find_code(session: Session, browser_token: str) -> str | None:
    """Returns the id of this browser's code, None where it has none that can be used."""
    stored = _find(session, browser_token)
    return None if stored is None or stored.used_at is not None else stored.id


def read_email(session: Session, code_id: str) -> str | None:
    """Returns the address that a code was sent to, None once it was used.

    An id is no secret: only what found the code by its browser's token before may ask by it.
    """
    stored = session.get(SignInCode, code_id)
    return None if stored is None or stored.used_at is not None else stored.email


def _find(session: Session, browser_token: str, *, is_locked: bool = False) -> SignInCode | None:
    """Returns the code that this browser asked for. A token may be anything that a cookie can hold."""
    code_id, _, browser = browser_token.partition(".")
    stored = session.get(SignInCode, code_id, with_for_update=is_locked or None) if is_word(code_id) else None
    if stored is None or not hmac.compare_digest(stored.browser_hash, _sha256(browser)):
        return None
    return stored
