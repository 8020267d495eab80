"""Accounts and the identities that lead to them (`decisions.md` 29).

An identity is proven before it comes here: an address by a code, a subject by its issuer.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField, NotFound, Refused
from app.domain.ids import as_id, derived_id, new_id
from app.domain.money import NANOS
from app.domain.people.tables import Identity, PersonAccount
from app.sql.columns import table_of

EMAIL = "email"
"""The issuer of identities that are addresses."""

DEFAULT_CAP_NANOS = 20 * NANOS
CAP_NANOS_MAX = 100_000 * NANOS
NAME_CHARACTERS_MAX = 60
_EMAIL_CHARACTERS_MAX = 254

_IDENTITIES = table_of(Identity)


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """An identity whose holder is at the door; `label` is how it is shown to them."""

    issuer: str
    subject: str
    label: str

    @property
    def id(self) -> str:
        return derived_id("idn", self.issuer, self.subject)


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as its person sees it."""

    id: str
    name: str
    email: str | None
    default_cap_nanos: int
    created_at: int


@dataclass(frozen=True, slots=True)
class IdentityView:
    """A sign-in method; `kind` is `email` or the issuer's address."""

    id: str
    kind: str
    label: str
    created_at: int


def check_email(value: str) -> str:
    """Returns an address as it is kept: trimmed, in lower case, in Unicode's one spelling. Raises BadField.

    International addresses are ones (RFC 6531), and a domain is the same whether it is written in its own letters or
    as `xn--…`. What nobody on the internet can have is none: quoted names, bare hosts, names kept for other uses.
    """
    from email_validator import (  # takes a tenth of a second, and few requests need it
        EmailNotValidError,
        validate_email,
    )

    written = value.strip().lower()
    try:
        # An attacker's megabyte would be looked at for long.
        is_short = len(written) <= _EMAIL_CHARACTERS_MAX
        found = validate_email(written, check_deliverability=False, strict=True) if is_short else None
    except EmailNotValidError:
        found = None
    if found is None:
        raise BadField("email", "Enter an e-mail address, such as ada@example.org.")
    return str(found.normalized).lower()


def email_identity(email: str) -> ProvenIdentity:
    """Returns the identity that an address is."""
    return ProvenIdentity(EMAIL, email, email)


def find_account(session: Session, identity: ProvenIdentity) -> str | None:
    """Returns the account that an identity leads to, None where it is new here."""
    stored = session.get(Identity, identity.id)
    return None if stored is None else stored.account_id


def enter(session: Session, identities: tuple[ProvenIdentity, ...]) -> tuple[str, bool]:
    """Returns the account of whoever has proven all of these, made if they are new, and whether it was made.

    The first identity that is known decides; those that are new are added to its account. Of two who enter with
    the same new identity at once, the second fails on its row.
    """
    owners = {identity: find_account(session, identity) for identity in identities}
    known = next((owner for owner in owners.values() if owner is not None), None)
    account_id = known or _create(session, identities)
    for identity, owner in owners.items():
        if owner is None:
            _add(session, account_id, identity)
    return account_id, known is None


def _create(session: Session, identities: tuple[ProvenIdentity, ...]) -> str:
    email = next((identity.subject for identity in identities if identity.issuer == EMAIL), None)
    name = (email or identities[0].label).split("@")[0][:NAME_CHARACTERS_MAX]
    account = PersonAccount(id=new_id("acc"), name=name, email=email, created_at=clock.now())
    session.add(account)
    session.flush()
    return account.id


def add_identity(session: Session, account_id: str, identity: ProvenIdentity) -> bool:
    """Adds an identity to an account whose person is signed in; tells whether it is new.

    Raises Refused if it leads to another account.
    """
    owner = find_account(session, identity)
    if owner is None:
        _add(session, account_id, identity)
        return True
    if owner != account_id:
        raise Refused(f"{identity.label} already belongs to another account. Sign in there and remove it first.")
    return False


def _add(session: Session, account_id: str, identity: ProvenIdentity) -> None:
    session.add(Identity(id=identity.id, account_id=account_id, issuer=identity.issuer, subject=identity.subject,
                         label=identity.label, created_at=clock.now()))  # fmt: skip
    account = _account(session, account_id)
    if identity.issuer == EMAIL and account.email is None:
        account.email = identity.subject
    session.flush()


def remove_identity(session: Session, account_id: str, identity_id: str) -> str:
    """Removes a sign-in method, and returns how it was shown.

    Raises NotFound for another account's, Refused for the last one.
    """
    # Whoever removes another one at the same time waits here, so that one always stays.
    account = _account(session, account_id, is_locked=True)
    stored = session.get(Identity, as_id(identity_id))
    if stored is None or stored.account_id != account_id:
        raise NotFound("There is no such sign-in method.")
    left = [identity for identity in list_identities(session, account_id) if identity.id != identity_id]
    if not left:
        raise Refused("This is the only way to sign in to your account, so it stays.")
    label = stored.label
    session.delete(stored)
    if stored.issuer == EMAIL and account.email == stored.subject:
        account.email = next((identity.label for identity in left if identity.kind == EMAIL), None)
    session.flush()
    return label


def list_identities(session: Session, account_id: str) -> list[IdentityView]:
    """Returns the sign-in methods of an account, the oldest first."""
    rows = session.execute(
        select(_IDENTITIES).where(_IDENTITIES.c.account_id == account_id).order_by(_IDENTITIES.c.created_at)
    )
    return [IdentityView(row.id, row.issuer, row.label, row.created_at) for row in rows]


def read_account(session: Session, account_id: str) -> AccountView:
    """Returns an account. Raises NotFound."""
    stored = _account(session, account_id)
    cap = stored.default_cap_nanos or DEFAULT_CAP_NANOS
    return AccountView(stored.id, stored.name, stored.email, cap, stored.created_at)


def change_profile(session: Session, account_id: str, name: str, default_cap_nanos: int) -> None:
    """Changes what an account is called, and the cap that consent pages begin with. Raises BadField."""
    account = _account(session, account_id)
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise BadField("name", f"A name has 1 to {NAME_CHARACTERS_MAX} characters.")
    account.name, account.default_cap_nanos = name, check_cap(default_cap_nanos)
    session.flush()


def check_cap(cap_nanos: int) -> int:
    """Returns a monthly cap that is possible. Raises BadField."""
    if not 0 < cap_nanos <= CAP_NANOS_MAX:
        raise BadField("cap", f"A cap is more than 0 and at most {CAP_NANOS_MAX // NANOS:,} USDC a month.")
    return cap_nanos


def _account(session: Session, account_id: str, *, is_locked: bool = False) -> PersonAccount:
    account = session.get(PersonAccount, account_id, with_for_update=True if is_locked else None)
    if account is None:
        raise NotFound("There is no such account.")
    return account
