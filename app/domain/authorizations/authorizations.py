"""Authorizations: pending → active → ended (`decisions.md` 25, 27).

Each change that counts bumps the epoch of its external id, so that the next charged request of every process
sees it.
"""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.authorizations.caps import CapView, read_cap, set_cap
from app.domain.authorizations.tables import Authorization, AuthorizationStatus, RevokedBy
from app.domain.errors import NotFound, Refused
from app.domain.ids import as_id, new_id
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.tables import PaywallRow, PaywallVersion
from app.sql.columns import table_of

CONFIRM_SECONDS = 15 * 60

_TABLE = table_of(Authorization)


class TakenByAnother(Refused):
    """The external id is connected to another account."""

    code = "connected_to_another_account"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person approves: that this paywall charges their wallet for its user of this external id.

    `link` is the text of the link that asked, None where nothing asked by one. `own_keys_per_day` is how many requests
    a day may go by an own key of the person's, None for none.
    """

    account_id: str
    paywall_id: str
    external_id: str
    wallet: Account
    cap_nanos: int
    needs_confirmation: bool = False
    link: str | None = None
    own_keys_per_day: int | None = None


class LinkUsed(Refused):
    """The link approved something that has ended since."""

    code = "link_used"


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """An active authorization as its person sees it."""

    id: str
    paywall_id: str
    app_name: str
    app_url: str
    external_id: str
    environment: str
    since: int
    cap: CapView
    own_keys_per_day: int | None = None
    own_keys_first: bool = True


def epoch_subject(paywall_id: str, external_id: str) -> str:
    """Returns the subject of the ledger epoch that each change of an external id's authorization bumps."""
    return f"authorization:{paywall_id}:{external_id}"


def approve(session: Session, consent: Consent) -> str | None:
    """Keeps a consent with its cap; returns the code to confirm it with where the paywall asks for one.

    One that is active already keeps running with the new cap. Raises TakenByAnother, BadField for the cap, and
    LinkUsed for a link that approved one which has ended since: a consent is consumed by its approval.
    """
    link_hash = None if consent.link is None else _sha256(consent.link)
    used = session.scalar(select(_TABLE.c.status).where(_TABLE.c.link_hash == link_hash)) if link_hash else None
    if used is AuthorizationStatus.ENDED:
        raise LinkUsed("This link has been used. Ask the app for a new one.")
    active = find_active(session, consent.paywall_id, consent.external_id)
    if active is not None and active.account_id != consent.account_id:
        raise TakenByAnother("This app's user is connected to another account. Only that account, or the app, can "
                             "disconnect it first.")  # fmt: skip
    set_cap(session, consent.account_id, consent.paywall_id, consent.wallet, consent.cap_nanos)
    code = secrets.token_urlsafe(24) if consent.needs_confirmation else None
    if active is not None and code is None:
        allow_own_keys(session, active, consent.own_keys_per_day)
        return None
    now = clock.now()
    session.add(
        Authorization(
            id=new_id("aut"),
            paywall_id=consent.paywall_id,
            external_id=consent.external_id,
            account_id=consent.account_id,
            status=AuthorizationStatus.ACTIVE if code is None else AuthorizationStatus.PENDING,
            code_hash=None if code is None else _sha256(code),
            link_hash=link_hash if used is None else None,
            created_at=now,
            confirmed_at=now if code is None else None,
            own_keys_per_day=consent.own_keys_per_day,
        )
    )
    session.flush()
    if code is None:
        note_changed(session, consent.paywall_id, consent.external_id)
    return code


def allow_own_keys(
    session: Session, stored: Authorization, per_day: int | None, *, go_first: bool | None = None
) -> None:
    """Sets how many requests a day may go by an own key, and whether they go by one unless they say otherwise, which
    stays as it is without a word."""
    first = stored.own_keys_first if go_first is None else int(go_first)
    if (stored.own_keys_per_day, stored.own_keys_first) != (per_day, first):
        stored.own_keys_per_day, stored.own_keys_first = per_day, first
        session.flush()
        note_changed(session, stored.paywall_id, stored.external_id)


def confirm(session: Session, paywall_id: str, external_id: str, code: str) -> None:
    """Makes a pending consent count, once. Raises NotFound for a code that is not, or no longer, good."""
    statement = select(_TABLE.c.id).where(
        _TABLE.c.paywall_id == paywall_id,
        _TABLE.c.external_id == external_id,
        _TABLE.c.status == AuthorizationStatus.PENDING,
        _TABLE.c.code_hash == _sha256(code),
        _TABLE.c.created_at > clock.now() - CONFIRM_SECONDS * clock.SECOND,
    )
    found = session.scalar(statement)
    pending = session.get(Authorization, found, with_for_update=True) if found else None
    if pending is None or pending.status is not AuthorizationStatus.PENDING:
        raise NotFound("This code confirms nothing: it was used, is older than 15 minutes, or is of another user.")
    active = find_active(session, paywall_id, external_id)
    if active is not None:
        if active.account_id != pending.account_id:
            raise TakenByAnother("This user is connected to another account; disconnect it first.")
        _end(session, active, RevokedBy.RENEWAL)
    pending.status, pending.confirmed_at, pending.code_hash = AuthorizationStatus.ACTIVE, clock.now(), None
    session.flush()
    note_changed(session, paywall_id, external_id)


def find_active(session: Session, paywall_id: str, external_id: str) -> Authorization | None:
    """Returns the authorization that an external id is charged by."""
    return session.scalar(
        select(Authorization).where(
            _TABLE.c.paywall_id == paywall_id,
            _TABLE.c.external_id == external_id,
            _TABLE.c.status == AuthorizationStatus.ACTIVE,
        )
    )


def revoke_by_app(session: Session, paywall_id: str, external_id: str) -> bool:
    """Ends what connects an external id, pending consents too; False if there was nothing."""
    statement = select(Authorization).where(
        _TABLE.c.paywall_id == paywall_id,
        _TABLE.c.external_id == external_id,
        _TABLE.c.status != AuthorizationStatus.ENDED,
    )
    return _end_all(session, list(session.scalars(statement.with_for_update())), RevokedBy.APP)


def revoke_by_account(session: Session, account_id: str, authorization_id: str) -> None:
    """Ends an account's own authorization. Raises NotFound for another account's."""
    stored = session.get(Authorization, as_id(authorization_id), with_for_update=True)
    if stored is None or stored.account_id != account_id:
        raise NotFound("There is no such authorization.")
    _end_all(session, [stored] if stored.status is not AuthorizationStatus.ENDED else [], RevokedBy.USER)


def list_of(session: Session, account_id: str, environment: str) -> list[ConnectedApp]:
    """Returns the apps that may charge an account's wallet in an environment, the newest first."""
    paywalls, versions = table_of(PaywallRow), table_of(PaywallVersion)
    rows = session.execute(
        select(_TABLE, paywalls.c.environment, versions.c.config)
        .join(paywalls, paywalls.c.id == _TABLE.c.paywall_id)
        .join(versions, (versions.c.paywall_id == paywalls.c.id) & (versions.c.version == paywalls.c.version))
        .where(
            _TABLE.c.account_id == account_id, _TABLE.c.status == AuthorizationStatus.ACTIVE,
            paywalls.c.environment == environment,
        )
        .order_by(_TABLE.c.confirmed_at.desc())
    )  # fmt: skip
    found = []
    for row in rows:
        configuration = Configuration.from_json(row.config)
        cap = read_cap(session, account_id, row.paywall_id) or CapView(0, 0, 0)
        found.append(ConnectedApp(row.id, row.paywall_id, configuration.app_name, configuration.app_url,
                                  row.external_id, row.environment, row.confirmed_at, cap,
                                  row.own_keys_per_day, row.own_keys_first != 0))  # fmt: skip
    return found


def _end_all(session: Session, stored: list[Authorization], by: RevokedBy) -> bool:
    for authorization in stored:
        was_active = authorization.status is AuthorizationStatus.ACTIVE
        _end(session, authorization, by)
        if was_active:
            note_changed(session, authorization.paywall_id, authorization.external_id)
    return bool(stored)


def _end(session: Session, authorization: Authorization, by: RevokedBy) -> None:
    authorization.status, authorization.ended_at, authorization.ended_by = AuthorizationStatus.ENDED, clock.now(), by
    session.flush()


def note_changed(session: Session, paywall_id: str, external_id: str) -> None:
    """Lets the next request of every process see what was changed of an external id's authorization."""
    apply_one(session, BumpEpoch(epoch_subject(paywall_id, external_id)))


def _sha256(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
