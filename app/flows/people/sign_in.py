"""Signing in: an e-mail code or an OIDC provider leads to an account and a session (`decisions.md` 29).

An OIDC identity whose address is not proven by an issuer that the operator trusts waits until a code has proven one.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db
from app.domain.alerts import kept
from app.domain.people import accounts, known_browsers, sessions, sign_in_codes, sign_in_texts
from app.domain.people.accounts import ProvenIdentity, check_email, email_identity
from app.domain.people.sessions import Person
from app.domain.people.sign_in_codes import CodeWrong, NewCode, Proof
from app.domain.wallets.trial import TrialRules
from app.flows.wallets.trial import give_trials
from app.ports.login import Login
from app.ports.mail import Mail, Mailer

T = TypeVar("T")
ADD = "add a way to sign in"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SignInRules:
    """What the operator decides: the instance's secrets, whose addresses are operators', what people get to try."""

    secrets: tuple[bytes, ...]
    operators: frozenset[str]
    trial: TrialRules


@dataclass(frozen=True, slots=True)
class Visit:
    """Who knocks: what the browser calls itself, its network address, and the session that it is signed in with.

    `is_adding`: they asked, on their own settings page, to add a way to sign in. Without that a sign-in never touches
    the account that the browser is signed in to, whoever made it begin. `known` is what the browser keeps of earlier
    sign-ins.
    """

    browser: str
    address: str
    session_token: str | None = None
    is_adding: bool = False
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """The rows that a browser's cookies stand for, by their ids, which are no secrets; empty where there is none."""

    session_id: str = ""
    code_id: str = ""


@dataclass(frozen=True, slots=True)
class NeedsEmail:
    """An OIDC identity that waits for a code; `email` is what its provider calls its address, None if nothing."""

    identity: ProvenIdentity
    email: str | None


async def send_code(
    mailer: Mailer, rules: SignInRules, email: str, visit: Visit, identity: ProvenIdentity | None = None
) -> str:
    """Mails a code to an address, and returns what the browser keeps to use it.

    The answer is the same whether the address is known or not. Raises BadField, LimitReached, ProviderFailed.
    """
    email, pepper = check_email(email), _pepper(rules)
    person = await find_person(visit.session_token) if visit.is_adding else None
    if person is not None:
        person.check_fresh(ADD)
    account_id = None if person is None else person.account_id
    is_known = known_browsers.is_known(rules.secrets, visit.known, email)

    def make(session: Session) -> NewCode:
        address = visit.address
        return sign_in_codes.make_code(session, pepper, email, address, identity, account_id, is_known=is_known)

    made = await db.in_transaction(make, writes=True)
    minutes = sign_in_codes.CODE_SECONDS // 60
    text = (
        f"Your code is {made.code}\n\nEnter it where you asked for it. It is good for {minutes} minutes, once.\n\n"
        "If you did not ask for it, somebody typed your address; nothing happens without the code."
    )
    await mailer.send(Mail(email, f"{made.code} is your Coinslot code", text))
    log.info("sign_in", step="code_sent")
    return made.browser_token


async def enter_with_code(rules: SignInRules, browser_token: str, code: str, visit: Visit) -> str:
    """Uses a code, and returns the value of the session's cookie. Raises CodeWrong, Refused."""
    proof = await db.in_transaction(
        lambda session: sign_in_codes.try_code(session, _pepper(rules), browser_token, code), writes=True
    )
    if proof is None:
        raise CodeWrong("This is not the code that was sent. Check it, or ask for a new one.")
    return await once_more(lambda session: _enter(session, rules, proof, visit))


def _enter(session: Session, rules: SignInRules, proof: Proof, visit: Visit) -> str:
    proven = email_identity(proof.email)
    identities = (proven,) if proof.identity is None else (proof.identity, proven)
    return let_in(session, rules, identities, proof.account_id, "email", proof.email, visit)


async def enter_proven(rules: SignInRules, email: str, method: str, visit: Visit) -> str:
    """Lets in whoever this process itself vouches for, and returns the value of the session's cookie."""
    proven = email_identity(check_email(email))
    return await once_more(lambda session: let_in(session, rules, (proven,), None, method, email, visit))


async def enter_with_login(
    rules: SignInRules, login: Login, label: str, is_trusted: bool, visit: Visit
) -> str | NeedsEmail:
    """Returns the value of a session's cookie, or what must be proven first.

    Raises Refused if whoever is signed in adds an identity that leads to another account.
    """
    identity = ProvenIdentity(login.issuer, login.subject, f"{label} · {login.email}" if login.email else label)
    proven = login.email if is_trusted and login.is_email_verified and login.email else None
    person = await find_person(visit.session_token) if visit.is_adding else None
    known = await db.in_transaction(lambda session: accounts.find_account(session, identity))
    if known is None and person is None and proven is None:
        return NeedsEmail(identity, login.email)
    identities = (identity,) if proven is None else (identity, email_identity(check_email(proven)))
    account_id = None if person is None else person.account_id
    return await once_more(lambda session: let_in(session, rules, identities, account_id, label, proven, visit))


def let_in(
    session: Session,
    rules: SignInRules,
    identities: tuple[ProvenIdentity, ...],
    account_id: str | None,
    method: str,
    proven_email: str | None,
    visit: Visit,
) -> str:
    """Opens a new session, always with a new cookie; the one that the browser had ends.

    Whoever adds a way to sign in is mailed of it, and must have signed in lately. Raises Refused.
    """
    before = None if visit.session_token is None else sessions.find_person(session, visit.session_token)
    if account_id is not None and before is not None and before.account_id == account_id:
        before.check_fresh(ADD)
        if accounts.add_identity(session, account_id, identities[0]):
            _keep_mail(session, before, f"{identities[0].label} signs in to your account now")
    else:
        account_id, is_new = accounts.enter(session, identities)
        log.info("sign_in", step="entered", account=account_id, method=method, is_new=is_new)
    if before is not None:
        sessions.revoke_session(session, before.account_id, before.session_id)
        proven_email = proven_email if before.account_id != account_id else proven_email or before.proven_email
    give_trials(session, rules.trial, account_id, visit.address)
    return sessions.open_session(session, account_id, method, proven_email, visit.browser, visit.address)


async def once_more(work: Callable[[Session], T]) -> T:
    """Runs a transaction, and once again if another first sign-in of the same identity was a moment faster."""
    try:
        return await db.in_transaction(work, writes=True)
    except IntegrityError:
        return await db.in_transaction(work, writes=True)


async def find_person(session_token: str | None) -> Person | None:
    """Returns who is signed in by this cookie's value."""
    if not session_token:
        return None
    return await db.in_transaction(lambda session: sessions.find_person(session, session_token))


async def remember_browser(rules: SignInRules, session_token: str, kept: str | None) -> str | None:
    """Returns what a browser keeps of a sign-in, beside what it kept; None if this one has proven no address."""
    person = await find_person(session_token)
    if person is None or person.proven_email is None:
        return None
    return known_browsers.remember(rules.secrets, kept, person.proven_email)


async def find_person_of(session_id: str) -> Person | None:
    """Returns whose session this is, as `recognise` told it; None for an empty id or one that has ended."""
    if not session_id:
        return None
    return await db.in_transaction(lambda session: sessions.find_person_of(session, session_id))


async def recognise(session_token: str | None, browser_token: str | None) -> Visitor:
    """Returns the rows that a browser's cookies stand for."""

    def find(session: Session) -> Visitor:
        person = sessions.find_person(session, session_token) if session_token else None
        code_id = sign_in_codes.find_code(session, browser_token) if browser_token else None
        return Visitor("" if person is None else person.session_id, code_id or "")

    return await db.in_transaction(find) if session_token or browser_token else Visitor()


async def note_visit(person: Person) -> None:
    """Notes that a session is in use, unless that was noted a moment ago: then nothing waits for a turn to write."""
    if not person.is_to_be_noted:
        return
    await db.in_transaction(lambda session: sessions.note_seen(session, person.session_id), writes=True)


async def sign_out(session_token: str | None, *, everywhere: bool = False) -> None:
    """Ends a session, or all of its person's."""
    person = await find_person(session_token)
    if person is None:
        return

    def end(session: Session) -> None:
        if everywhere:
            sessions.revoke_all(session, person.account_id)
        else:
            sessions.revoke_session(session, person.account_id, person.session_id)

    await db.in_transaction(end, writes=True)


async def end_session(person: Person, session_id: str) -> None:
    """Ends one of a person's own sessions. Raises NotFound for anybody else's."""
    await db.in_transaction(
        lambda session: sessions.revoke_session(session, person.account_id, session_id), writes=True
    )


async def remove_identity(person: Person, identity_id: str) -> None:
    """Removes one of a person's own sign-in methods; they are mailed where they were until then.

    Raises NotFound, Refused for the last one, and for who signed in long ago.
    """
    person.check_fresh("remove a way to sign in")

    def remove(session: Session) -> None:
        label = accounts.remove_identity(session, person.account_id, identity_id)
        _keep_mail(session, person, f"{label} signs in to your account no more")

    await db.in_transaction(remove, writes=True)


def _keep_mail(session: Session, person: Person, said: str) -> None:
    """Stores a mail to somebody's address as it was when they came; the job sends it."""
    if person.email is not None:
        text = "If you did not do this, sign in, end your other sessions, and look at your ways to sign in."
        kept.keep(session, [person.email], said, f"{said}.\n\n{text}")


def is_operator(rules: SignInRules, person: Person) -> bool:
    """Tells whether this sign-in has proven an operator's address."""
    return person.has_proven(rules.operators)


async def forget_codes() -> int:
    """Forgets codes, and texts to sign, that are too old to count, and returns how many."""

    def forget(session: Session) -> int:
        return sign_in_codes.forget_codes(session) + sign_in_texts.forget_texts(session)

    return await db.in_transaction(forget, writes=True)


def _pepper(rules: SignInRules) -> bytes:
    return hmac.digest(rules.secrets[0], b"sign-in-codes", "sha256")
