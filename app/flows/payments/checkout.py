"""A top-up from the page behind a link: an amount is chosen, a checkout is made, the user is sent to pay."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import db
from app.domain.errors import BadField, NotSignedIn, Refused
from app.domain.ledger.accounts import Account
from app.domain.money import Environment, Unit, format_for_people, parse_amount
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.paywall import Paywall
from app.domain.people.sessions import Person
from app.domain.topups import topups
from app.domain.topups.topups import TopupView
from app.domain.wallets.shared import open_shared_wallet, shared_wallet_id
from app.domain.wallets.wallets import app_wallet, open_wallet
from app.flows.callers.links import TopupLink
from app.flows.events.tell import tell_new_user
from app.ports.payments import PaymentRail, SandboxCheckouts

CENT_NANOS = 10_000_000
SHARED = "shared"
"""What a checkout calls the wallet that all apps share; another one is called by its app."""


@dataclass(frozen=True, slots=True)
class SandboxCheckout:
    """A sandbox checkout page. `app_name` says whose wallet it fills, `return_url` where on this site to go back to."""

    topup_id: str
    app_name: str
    amount_nanos: int
    currency: str
    return_url: str
    status: str


async def begin_topup(rail: PaymentRail, link: TopupLink, amount: str, person: Person | None = None) -> str:
    """Returns the address of a checkout for an amount, for the wallet that the link stands for.

    In shared mode that is the wallet of whoever is signed in. Raises BadField for the amount, NotSignedIn,
    Refused where this rail cannot take real money.
    """
    amount_nanos = check_amount(amount)
    topup_id, app_name = await db.in_transaction(
        lambda session: _create(session, link, rail, amount_nanos, person), writes=True
    )
    return await _check_out(rail, topup_id, amount_nanos, app_name, f"/topup/{link.token}/?topup={topup_id}")


async def begin_own_topup(rail: PaymentRail, person: Person, environment: Environment, amount: str) -> str:
    """Returns the address of a checkout for a person's own shared wallet, without any app. Raises BadField, Refused."""
    amount_nanos = check_amount(amount)
    _check_rail(rail, environment)

    def create(session: Session) -> str:
        wallet = open_shared_wallet(session, person.account_id, environment)
        return topups.create(session, wallet, None, rail.name, "USD", amount_nanos)

    topup_id = await db.in_transaction(create, writes=True)
    return await _check_out(rail, topup_id, amount_nanos, SHARED, f"/wallet/?topup={topup_id}")


async def _check_out(rail: PaymentRail, topup_id: str, amount_nanos: int, description: str, return_url: str) -> str:
    checkout = await rail.create_checkout(
        topup_id=topup_id, amount_nanos=amount_nanos, currency="USD", description=description, return_url=return_url
    )
    return checkout.url


def check_amount(amount: str) -> int:
    """Returns the nanos of a card payment: whole cents, $3 to $10,000. Raises BadField, in words for people."""
    text = amount.strip().removeprefix("$")
    try:
        nanos = parse_amount(text)
    except BadField:
        raise BadField("amount", "Enter an amount in dollars, such as 12.50.") from None
    if not topups.LEAST_NANOS <= nanos <= topups.MOST_NANOS:
        least, most = (format_for_people(limit, Unit.USD) for limit in (topups.LEAST_NANOS, topups.MOST_NANOS))
        raise BadField("amount", f"Choose an amount from {least} to {most}.")
    if nanos % CENT_NANOS:
        raise BadField("amount", "A card can pay whole cents only.")
    return nanos


def _create(
    session: Session, link: TopupLink, rail: PaymentRail, amount_nanos: int, person: Person | None
) -> tuple[str, str]:
    paywall, configuration = read_current(session, link.paywall_id)
    _check_rail(rail, paywall.environment)
    account = _account(session, paywall, link, person)
    topup_id = topups.create(session, account, link.paywall_id, rail.name, "USD", amount_nanos, link.user)
    return topup_id, configuration.app_name if paywall.rules.has_app_wallets else SHARED


def _check_rail(rail: PaymentRail, environment: Environment) -> None:
    """Raises Refused for real money in the sandbox's checkout: it would be declined in the end."""
    if environment is Environment.LIVE and rail.name == Environment.SANDBOX.value:
        raise Refused("Card payments are not open here yet.")


def _account(session: Session, paywall: Paywall, link: TopupLink, person: Person | None) -> Account:
    """Returns the ledger account of the wallet that a link stands for, opened. Raises NotSignedIn."""
    if not paywall.rules.has_app_wallets:
        if person is None:
            raise NotSignedIn("Sign in to top up your wallet.")
        return open_shared_wallet(session, person.account_id, paywall.environment)
    wallet = app_wallet(paywall.id, link.user, paywall.environment, paywall.unit)
    if open_wallet(session, wallet):
        tell_new_user(session, paywall.id, link.user)
    return wallet.account


def read_topup(session: Session, link: TopupLink, topup_id: str, person: Person | None = None) -> TopupView:
    """Returns a top-up of the link's own wallet. Raises NotFound, NotSignedIn."""
    paywall, _ = read_current(session, link.paywall_id)
    if not paywall.rules.has_app_wallets:
        if person is None:
            raise NotSignedIn("Sign in to see your wallet.")
        return topups.read(session, topup_id, shared_wallet_id(person.account_id, paywall.environment))
    wallet = app_wallet(paywall.id, link.user, paywall.environment, paywall.unit)
    return topups.read(session, topup_id, wallet.id)


async def open_sandbox_checkout(rail: SandboxCheckouts, token: str) -> SandboxCheckout:
    """Returns what the sandbox's checkout page shows. Raises LinkInvalid, NotFound."""
    opened = rail.open(token)
    topup = await db.in_transaction(lambda session: topups.read(session, opened.topup_id))
    return SandboxCheckout(
        topup_id=topup.id,
        app_name=opened.description,
        amount_nanos=opened.amount_nanos,
        currency=opened.currency,
        return_url=opened.return_url,
        status=topup.status,
    )
