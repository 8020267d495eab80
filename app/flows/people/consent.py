"""A person lets an app charge their shared wallet, up to a cap, or takes that back (`decisions.md` 24–27).

A link says which app and which of its users; who approves is whoever is signed in, and nobody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db
from app.domain.authorizations import authorizations, caps, own_keys
from app.domain.authorizations.authorizations import Consent, TakenByAnother
from app.domain.authorizations.own_keys import OwnKeyTerms
from app.domain.authorizations.tables import Authorization, AuthorizationStatus
from app.domain.credentials import credentials
from app.domain.errors import CoinslotError, LinkInvalid, WrongMode
from app.domain.ids import as_id
from app.domain.money import Environment, Unit, format_for_people
from app.domain.paywalls.archiving import check_open
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.paywall import Paywall
from app.domain.people.accounts import read_account
from app.domain.people.sessions import Person
from app.domain.pricing.price_book import Offer, read_offers
from app.domain.wallets.shared import open_shared_wallet, read_shared_balance, shared_account
from app.domain.wallets.trial import Outcome, TrialRules
from app.domain.wallets.wallets import end_user_id, open_user
from app.flows.callers.links import AppLink
from app.flows.callers.snapshot import Snapshot
from app.flows.events.tell import tell_authorized, tell_declined, tell_new_user, tell_revoked, tell_trial
from app.flows.wallets.trial import give_trials
from app.ports.mail import Mail, Mailer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ConsentView:
    """What a consent page says. `cap_nanos` is what holds now, or what the person usually allows.

    `has_own_keys`: they have keys of providers; `own_keys_per_day` is how many requests a day may go by those now, None
    for none. `is_taken`: this app's user is connected to another account; `is_connected`: to this one already.
    """

    app_name: str
    app_host: str
    app_text: str
    external_id: str
    environment: Environment
    offers: Sequence[Offer]
    cap_nanos: int
    available_nanos: int
    trial_nanos: int
    is_connected: bool
    is_taken: bool
    return_host: str
    needs_confirmation: bool
    has_own_keys: bool
    own_keys_per_day: int | None


@dataclass(frozen=True, slots=True)
class Approval:
    """Where an approval leads: the app's own address, None where it gave none; `is_awaited`: the app waits there."""

    app_name: str
    return_url: str | None
    is_awaited: bool


def read_consent(session: Session, link: AppLink, account_id: str) -> ConsentView:
    """Returns what the link's consent page says to a person. Raises LinkInvalid where no wallet is shared."""
    paywall, configuration = _shared_paywall(session, link.paywall_id)
    environment = paywall.environment
    active = authorizations.find_active(session, link.paywall_id, link.user)
    cap = caps.read_cap(session, account_id, link.paywall_id)
    balance = read_shared_balance(session, shared_account(account_id, environment))
    offers = read_offers(session, link.paywall_id, paywall.unit).priced.values()
    return ConsentView(
        app_name=configuration.app_name,
        app_host=urlsplit(configuration.app_url).netloc,
        app_text=configuration.app_text,
        external_id=link.user,
        environment=environment,
        offers=sorted(offers, key=lambda offer: offer.price.output_nanos),
        cap_nanos=cap.cap_nanos if cap else read_account(session, account_id).default_cap_nanos,
        available_nanos=balance.available_nanos,
        trial_nanos=balance.trial_nanos,
        is_connected=active is not None and active.account_id == account_id,
        is_taken=active is not None and active.account_id != account_id,
        return_host=urlsplit(link.return_url or "").netloc,
        needs_confirmation=configuration.needs_confirmation,
        has_own_keys=bool(credentials.list_of(session, account_id)),
        own_keys_per_day=active.own_keys_per_day if active is not None and active.account_id == account_id else None,
    )


async def approve(
    mailer: Mailer, trial: TrialRules, link: AppLink, person: Person, cap_nanos: int,
    own_keys_per_day: int | None = None,
) -> Approval:  # fmt: skip
    """Keeps the consent of whoever is signed in, tells them by mail, and says where to go.

    Raises LinkInvalid, TakenByAnother, Archived, BadField for the cap.
    """
    try:
        code, configuration = await db.in_transaction(
            lambda session: _approve(session, trial, link, person, cap_nanos, own_keys_per_day), writes=True
        )
    except IntegrityError:
        # Another account approved the same user, or the same person in another tab, a moment before.
        code, configuration = await db.in_transaction(
            lambda session: _approve(session, trial, link, person, cap_nanos, own_keys_per_day), writes=True
        )
    log.info("authorize", step="approved", paywall=link.paywall_id, account=person.account_id)
    await _tell(mailer, person, configuration.app_name, link.user, cap_nanos)
    more = {} if code is None else {"code": code}
    is_awaited = code is not None or link.state is not None
    return Approval(configuration.app_name, link.way_back(connected="true", **more), is_awaited)


def _approve(
    session: Session, trial: TrialRules, link: AppLink, person: Person, cap_nanos: int, own_keys_per_day: int | None
) -> tuple[str | None, Configuration]:
    paywall, configuration = _shared_paywall(session, link.paywall_id)
    check_open(paywall, configuration.app_name)
    environment = paywall.environment
    wallet = open_shared_wallet(session, person.account_id, environment)
    outcomes = give_trials(session, trial, person.account_id, person.address)
    consent = Consent(person.account_id, paywall.id, link.user, wallet, cap_nanos,
                      configuration.needs_confirmation, link.token, own_keys_per_day)  # fmt: skip
    before = authorizations.find_active(session, paywall.id, link.user)
    code = authorizations.approve(session, consent)
    if open_user(session, paywall.id, link.user):
        tell_new_user(session, paywall.id, link.user)
    active = authorizations.find_active(session, paywall.id, link.user)
    if active is not None and before is None:
        tell_authorized(session, active)
    if outcomes.get(environment) is Outcome.GIVEN:
        tell_trial(session, paywall.id, link.user, wallet, trial.amount_nanos)
    return code, configuration


async def _tell(mailer: Mailer, person: Person, app_name: str, user: str, cap_nanos: int) -> None:
    """Mails what was approved; that it could not be sent undoes nothing."""
    if person.email is None:
        return
    cap = format_for_people(cap_nanos, Unit.USDC)
    text = (
        f"You allowed {app_name} to charge your wallet, up to {cap} a month, as its user {user}.\n\n"
        f"If that was not you, sign in, open your wallet and revoke {app_name} there."
    )
    try:
        await mailer.send(Mail(person.email, f"{app_name} may now charge your wallet", text))
    except CoinslotError as error:
        log.error("authorize", step="mail", account=person.account_id, error=error.message)


async def decline(link: AppLink) -> str | None:
    """Tells the app that a person declines, once for each link, and returns where they go."""
    await db.in_transaction(lambda session: tell_declined(session, link.paywall_id, link.user, link.token), writes=True)
    return link.way_back(connected="false")


async def confirm_authorization(snapshot: Snapshot, user: str, code: str) -> None:
    """Makes a consent count that its app confirms. Raises NotFound, TakenByAnother, WrongMode."""
    _check_shared(snapshot)
    try:
        await db.in_transaction(lambda session: _confirm(session, snapshot.paywall_id, user, code), writes=True)
    except IntegrityError:
        raise TakenByAnother("This user is connected to another account; disconnect it first.") from None


def _confirm(session: Session, paywall_id: str, user: str, code: str) -> None:
    before = authorizations.find_active(session, paywall_id, user)
    authorizations.confirm(session, paywall_id, user, code)
    active = authorizations.find_active(session, paywall_id, user)
    if active is not None and before is None:
        tell_authorized(session, active)


@dataclass(frozen=True, slots=True)
class Connection:
    """What connects an app's user: our own id of them in this paywall, and since when, where that is known."""

    user_id: str
    since: int | None


def read_connection(session: Session, snapshot: Snapshot, user: str) -> Connection | None:
    """Returns what connects a user; None where they have allowed nothing. In default mode everybody is connected."""
    if not snapshot.rules.needs_consent:
        return Connection(snapshot.wallet(user).end_user_id, None)
    active = authorizations.find_active(session, snapshot.paywall_id, user)
    return None if active is None else Connection(end_user_id(snapshot.paywall_id, user), active.confirmed_at)


async def disconnect(snapshot: Snapshot, user: str) -> bool:
    """Ends a user's authorization from the app's side; False if there was none. Raises WrongMode."""
    _check_shared(snapshot)
    return await db.in_transaction(lambda session: _disconnect(session, snapshot.paywall_id, user), writes=True)


def _disconnect(session: Session, paywall_id: str, user: str) -> bool:
    active = authorizations.find_active(session, paywall_id, user)
    was_connected = authorizations.revoke_by_app(session, paywall_id, user)
    if active is not None:
        tell_revoked(session, active)
    return was_connected


async def revoke(person: Person, authorization_id: str) -> None:
    """Ends one of a person's own authorizations. Raises NotFound for anybody else's."""
    await db.in_transaction(lambda session: _revoke(session, person.account_id, authorization_id), writes=True)


def _revoke(session: Session, account_id: str, authorization_id: str) -> None:
    stored = session.get(Authorization, as_id(authorization_id))
    was_active = stored is not None and stored.status is AuthorizationStatus.ACTIVE
    authorizations.revoke_by_account(session, account_id, authorization_id)
    if stored is not None and was_active:
        tell_revoked(session, stored)


async def revoke_link(person: Person, link: AppLink) -> None:
    """Ends a person's own authorization of the app and user that a link names. Raises NotFound if it is not theirs."""

    def end(session: Session) -> None:
        active = authorizations.find_active(session, link.paywall_id, link.user)
        _revoke(session, person.account_id, active.id if active else "")

    await db.in_transaction(end, writes=True)


async def change_cap(person: Person, paywall_id: str, cap_nanos: int) -> None:
    """Changes what a paywall may spend of a person's wallet in a month. Raises NotFound, BadField."""
    await db.in_transaction(lambda session: _change_cap(session, person.account_id, paywall_id, cap_nanos), writes=True)


def _change_cap(session: Session, account_id: str, paywall_id: str, cap_nanos: int) -> None:
    paywall, _ = _shared_paywall(session, paywall_id)
    if caps.read_cap(session, account_id, paywall_id) is None:
        raise LinkInvalid("This app is not connected to your wallet.")
    wallet = shared_account(account_id, paywall.environment)
    caps.set_cap(session, account_id, paywall_id, wallet, cap_nanos)


async def change_own_keys(person: Person, authorization_id: str, terms: OwnKeyTerms) -> None:
    """Changes what an app may do with a person's own keys. Raises NotFound for anybody else's consent."""
    await db.in_transaction(
        lambda session: own_keys.change_terms(session, person.account_id, authorization_id, terms), writes=True
    )


def _check_shared(snapshot: Snapshot) -> None:
    if not snapshot.rules.needs_consent:
        raise WrongMode("Only a paywall in shared mode is connected to its users' wallets.")


def _shared_paywall(session: Session, paywall_id: str) -> tuple[Paywall, Configuration]:
    paywall, configuration = read_current(session, paywall_id)
    if not paywall.rules.needs_consent:
        raise LinkInvalid(f"{configuration.app_name} does not use shared wallets.")
    return paywall, configuration
