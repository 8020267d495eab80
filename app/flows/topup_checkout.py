"""A top-up from the page behind a link: an amount is chosen, a checkout is made, the user is sent to pay."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy.orm import Session

from app import db
from app.domain.errors import BadField
from app.domain.money import Environment, Unit, format_for_people, parse_amount
from app.domain.paywalls.configuration import read_current
from app.domain.topups import topups
from app.domain.topups.topups import TopupView
from app.domain.wallets.wallets import AppWallet, app_wallet
from app.flows.links import TopupLink, open_topup
from app.flows.ports import PaymentRail, SandboxCheckouts

CENT_NANOS = 10_000_000


@dataclass(frozen=True, slots=True)
class SandboxCheckout:
    """A sandbox checkout page. `return_url` is the address, on this site, to go back to."""

    topup_id: str
    app_name: str
    amount_nanos: int
    currency: str
    return_url: str
    status: str


async def begin_topup(rail: PaymentRail, token: str, amount: str) -> str:
    """Returns the address of a checkout for an amount. Raises BadField for the amount, LinkInvalid."""
    link = open_topup(token)
    amount_nanos = check_amount(amount)
    topup_id, app_name = await db.in_transaction(
        lambda session: _create(session, link, rail, amount_nanos), writes=True
    )
    checkout = await rail.create_checkout(
        topup_id=topup_id,
        amount_nanos=amount_nanos,
        currency="USD",
        description=app_name,
        return_url=f"/topup/{token}/?topup={topup_id}",
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


def _create(session: Session, link: TopupLink, rail: PaymentRail, amount_nanos: int) -> tuple[str, str]:
    wallet, app_name = _wallet(session, link)
    return topups.create(session, wallet, rail.name, "USD", amount_nanos), app_name


def _wallet(session: Session, link: TopupLink) -> tuple[AppWallet, str]:
    paywall, configuration = read_current(session, link.paywall_id)
    wallet = app_wallet(paywall.id, link.user, Environment(paywall.environment), Unit(paywall.unit))
    return wallet, configuration.app_name


def return_address(link: TopupLink) -> str | None:
    """Returns where the app wants its user back, with the app's state; None if it did not say."""
    if link.return_url is None or link.state is None:
        return link.return_url
    parts = urlsplit(link.return_url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "state"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("state", link.state)])))


async def read_topup(token: str, topup_id: str) -> TopupView:
    """Returns a top-up of the link's own wallet. Raises LinkInvalid, NotFound."""
    link = open_topup(token)
    return await db.in_transaction(lambda session: topups.read(session, topup_id, _wallet(session, link)[0].id))


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
