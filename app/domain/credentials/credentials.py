"""Own keys of accounts: saved, replaced, taken away, and what is noted of them as they are used.

Whatever changes which models are served by whom bumps the epoch of its account, on which every request of theirs rests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.credentials.hosts import vendor_at
from app.domain.credentials.matching import OwnKey
from app.domain.credentials.tables import Credential, CredentialKind, CredentialStatus
from app.domain.errors import NotFound, Refused
from app.domain.ids import as_id, new_id
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.paywalls.provider import AuthStyle, origin_of
from app.domain.people.tables import PersonAccount
from app.sql.columns import table_of

CREDENTIALS_MAX = 20
USE_NOTED_MICROSECONDS = 60 * clock.SECOND
"""How often the last use of a key is written down."""

_TABLE = table_of(Credential)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a sign-in has beside its access token; times in microseconds."""

    token_url: str
    refresh_sealed: str
    refresh_due: int | None
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential that is to be saved, everything secret sealed for its id and host."""

    id: str
    account_id: str
    provider: str
    base_url: str
    auth: AuthStyle
    sealed: str
    last_four: str
    models: tuple[str, ...]
    warning: str = ""
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class CredentialView:
    """A credential as its owner may see it; times in microseconds."""

    id: str
    provider: str
    kind: CredentialKind
    base_url: str
    last_four: str
    status: CredentialStatus
    models: int
    warning: str
    refused_status: int | None
    created_at: int
    used_at: int | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A credential as whoever opens it needs it."""

    id: str
    account_id: str
    provider: str
    base_url: str
    auth: AuthStyle
    sealed: str
    status: CredentialStatus
    profile: Profile | None

    @property
    def seal_context(self) -> str:
        """What its key is sealed for."""
        return seal_context(self.id, self.base_url)

    @property
    def refresh_context(self) -> str:
        """What its refresh token is sealed for."""
        return refresh_context(self.id, "" if self.profile is None else self.profile.token_url)


def new_credential_id() -> str:
    """Returns the id of a credential that is about to be sealed."""
    return new_id("cred")


def seal_context(credential_id: str, base_url: str) -> str:
    """Returns what a key is sealed for: this credential at this host, so that it opens for no other."""
    return f"own_key:{credential_id}:{origin_of(base_url)}"


def refresh_context(credential_id: str, token_url: str) -> str:
    """Returns what a refresh token is sealed for."""
    return f"own_refresh:{credential_id}:{token_url}"


def epoch_subject(account_id: str) -> str:
    """Returns the subject of the ledger epoch that each change of an account's own keys bumps."""
    return f"own_keys:{account_id}"


def save(session: Session, new: NewCredential) -> None:
    """Saves a credential in the place of the one of its name, if there is one. Raises Refused for one too many."""
    # Two that are saved at once are counted one after the other.
    session.get_one(PersonAccount, new.account_id, with_for_update={"key_share": True}, populate_existing=True)
    theirs = _TABLE.c.account_id == new.account_id
    session.execute(delete(_TABLE).where(theirs, _TABLE.c.provider == new.provider))
    if (session.scalar(select(func.count()).select_from(_TABLE).where(theirs)) or 0) >= CREDENTIALS_MAX:
        raise Refused(f"An account keeps at most {CREDENTIALS_MAX} own keys. Remove one first.")
    now, profile = clock.now(), new.profile
    session.add(
        Credential(
            id=new.id,
            account_id=new.account_id,
            provider=new.provider,
            kind=CredentialKind.KEY if profile is None else CredentialKind.PROFILE,
            base_url=new.base_url,
            auth=new.auth,
            sealed=new.sealed,
            last_four=new.last_four,
            token_url=None if profile is None else profile.token_url,
            refresh_sealed=None if profile is None else profile.refresh_sealed,
            refresh_due=None if profile is None else profile.refresh_due,
            expires_at=None if profile is None else profile.expires_at,
            models=list(new.models),
            warning=new.warning,
            created_at=now,
            changed_at=now,
        )
    )
    session.flush()
    _bump(session, new.account_id)


def remove(session: Session, account_id: str, credential_id: str) -> None:
    """Takes an account's own credential away, with its secrets. Raises NotFound for anybody else's."""
    own = (_TABLE.c.id == as_id(credential_id), _TABLE.c.account_id == account_id)
    if not session.execute(delete(_TABLE).where(*own)).rowcount:  # type: ignore[attr-defined]
        raise NotFound("There is no such key.")
    _bump(session, account_id)


def list_of(session: Session, account_id: str) -> list[CredentialView]:
    """Returns an account's credentials, the first first."""
    rows = session.execute(select(_TABLE).where(_TABLE.c.account_id == account_id).order_by(_TABLE.c.id))
    return [
        CredentialView(row.id, row.provider, row.kind, row.base_url, row.last_four, row.status, len(row.models),
                       row.warning, row.refused_status, row.created_at, row.used_at)
        for row in rows
    ]  # fmt: skip


def read_keys(session: Session, account_id: str) -> tuple[OwnKey, ...]:
    """Returns what an account's credentials serve, the first first.

    Those that cannot be used are among them: what they serve fails, and is never paid for in their place.
    """
    rows = session.execute(select(_TABLE).where(_TABLE.c.account_id == account_id).order_by(_TABLE.c.id))
    return tuple(
        OwnKey(row.id, row.account_id, row.provider, row.base_url, row.auth, vendor_at(row.base_url),
               _as_set(tuple(row.models)))
        for row in rows
    )  # fmt: skip


def find(session: Session, credential_id: str) -> Stored | None:
    """Returns a credential with what it has sealed, None for one that is gone."""
    row = session.execute(select(_TABLE).where(_TABLE.c.id == credential_id)).first()
    if row is None:
        return None
    profile = None
    if row.kind is CredentialKind.PROFILE:
        profile = Profile(row.token_url, row.refresh_sealed, row.refresh_due, row.expires_at)
    return Stored(row.id, row.account_id, row.provider, row.base_url, row.auth, row.sealed, row.status, profile)


def find_own(session: Session, account_id: str, credential_id: str) -> Stored:
    """Returns an account's own credential. Raises NotFound for anybody else's."""
    found = find(session, as_id(credential_id))
    if found is None or found.account_id != account_id:
        raise NotFound("There is no such key.")
    return found


def find_by_name(session: Session, account_id: str, provider: str) -> str:
    """Returns the id of an account's credential of that name. Raises NotFound."""
    found: str | None = session.scalar(
        select(_TABLE.c.id).where(_TABLE.c.account_id == account_id, _TABLE.c.provider == provider)
    )
    if found is None:
        raise NotFound(f"There is no own key `{provider[:40]}`.")
    return found


def note_listed(session: Session, stored: Stored, models: Sequence[str], warning: str) -> None:
    """Keeps what a host lists by a key now; where it listed nothing, what it listed before stays."""
    values: dict[str, object] = {"warning": warning, "changed_at": clock.now()}
    if models:
        values |= {"models": list(models), "refused_status": None, "refused_at": None}
    session.execute(update(_TABLE).where(_TABLE.c.id == stored.id).values(values))
    _bump(session, stored.account_id)


def note_refused(session: Session, credential_id: str, status: int) -> None:
    """Notes that a host refused a key; its next answer takes that away."""
    values = {"refused_status": status, "refused_at": clock.now()}
    session.execute(update(_TABLE).where(_TABLE.c.id == credential_id).values(values))


def note_answered(session: Session, credential_id: str) -> None:
    """Notes that a host answered by a key."""
    values = {"refused_status": None, "refused_at": None, "used_at": clock.now()}
    session.execute(update(_TABLE).where(_TABLE.c.id == credential_id).values(values))


def store_tokens(session: Session, credential_id: str, sealed: str, last_four: str, profile: Profile) -> None:
    """Keeps what a refresh gave, in the place of what it used up."""
    values = {"sealed": sealed, "last_four": last_four, "refresh_sealed": profile.refresh_sealed,
              "refresh_due": profile.refresh_due, "expires_at": profile.expires_at,
              "status": CredentialStatus.READY, "changed_at": clock.now()}  # fmt: skip
    session.execute(update(_TABLE).where(_TABLE.c.id == credential_id).values(values))


def note_signed_out(session: Session, stored: Stored) -> None:
    """Keeps that only its owner can make a credential work again, unless it has another refresh token by now."""
    if stored.profile is None:
        return
    values = {"status": CredentialStatus.NEEDS_SIGN_IN, "changed_at": clock.now()}
    same = (_TABLE.c.id == stored.id, _TABLE.c.refresh_sealed == stored.profile.refresh_sealed)
    session.execute(update(_TABLE).where(*same).values(values))
    _bump(session, stored.account_id)


@lru_cache(maxsize=512)
def _as_set(models: tuple[str, ...]) -> frozenset[str]:
    """Returns models as a set that all keys share whose hosts list the same: the list of some has hundreds."""
    return frozenset(models)


def _bump(session: Session, account_id: str) -> None:
    apply_one(session, BumpEpoch(epoch_subject(account_id)))
