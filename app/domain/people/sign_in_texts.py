"""Texts that an Ethereum account signs to sign in: each has its nonce, good once, for a few minutes, in one browser."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import LimitReached, Refused
from app.domain.ids import is_word, new_id
from app.domain.network import network_of
from app.domain.people.accounts import ProvenIdentity
from app.domain.people.tables import SignInText
from app.domain.turns import take_turns
from app.sql.columns import table_of

ETHEREUM = "eip155"
"""The issuer of identities that are Ethereum accounts: the namespace of their addresses (CAIP-2)."""
TEXT_SECONDS = 10 * 60
HOUR_SECONDS = 60 * 60
TEXTS_OF_NETWORK_MAX = 30
"""How many texts an hour one network may ask for."""
KEPT_SECONDS = 24 * HOUR_SECONDS

_TEXTS = table_of(SignInText)


class TextOutdated(Refused):
    """A text that lets nobody in any more, or not here; the message says what to do."""

    code = "text_outdated"


@dataclass(frozen=True, slots=True)
class Issued:
    """A text that was issued: who is to sign it, and to whose account that adds them, if they asked for it."""

    address: str
    chain_id: int
    nonce: str
    issued_at: int
    account_id: str | None

    @property
    def expires_at(self) -> int:
        return self.issued_at + TEXT_SECONDS * clock.SECOND


def identity_of(address: str) -> ProvenIdentity:
    """Returns the identity that an account of this address is, however the address is written."""
    return ProvenIdentity(ETHEREUM, address.lower(), f"{address[:6]}…{address[-4:]}")


def issue(
    session: Session, address: str, chain_id: int, network_address: str, account_id: str | None
) -> tuple[Issued, str]:
    """Issues a text for an address, and what the asking browser keeps to use it. Raises LimitReached."""
    now, network = clock.now(), network_of(network_address)
    take_turns(session, f"texts:network:{network}")
    since = now - HOUR_SECONDS * clock.SECOND
    asked = select(func.count(), func.min(_TEXTS.c.created_at)).where(
        _TEXTS.c.network == network, _TEXTS.c.created_at > since
    )
    count, oldest = session.execute(asked).one()
    if count >= TEXTS_OF_NETWORK_MAX:
        wait = max((oldest - since) // clock.SECOND, 1)
        raise LimitReached(f"That was often. Try again in {-(-wait // 60)} min.", "too_often", wait)
    browser, nonce = secrets.token_urlsafe(24), secrets.token_hex(16)
    row = SignInText(
        id=new_id("sit"), nonce=nonce, browser_hash=_sha256(browser), network=network, address=address,
        chain_id=chain_id, account_id=account_id, created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return _issued(row), f"{row.id}.{browser}"


def use(session: Session, browser_token: str) -> Issued:
    """Uses up the text that this browser asked for, whatever is signed. Raises TextOutdated where there is none."""
    id_, _, browser = browser_token.partition(".")
    row = session.get(SignInText, id_, with_for_update=True) if is_word(id_) else None
    if row is None or not hmac.compare_digest(row.browser_hash, _sha256(browser)):
        raise TextOutdated("Ask for a text to sign first, in this browser.")
    if row.used_at is not None or row.created_at + TEXT_SECONDS * clock.SECOND < clock.now():
        raise TextOutdated("This text was used or is too old. Sign a new one.")
    row.used_at = clock.now()
    session.flush()
    return _issued(row)


def forget_texts(session: Session) -> int:
    """Forgets texts that are too old to count, and returns how many."""
    before = clock.now() - KEPT_SECONDS * clock.SECOND
    return session.execute(delete(_TEXTS).where(_TEXTS.c.created_at < before)).rowcount  # type: ignore[attr-defined,no-any-return]


def _issued(row: SignInText) -> Issued:
    return Issued(row.address, row.chain_id, row.nonce, row.created_at, row.account_id)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
