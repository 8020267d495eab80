"""The user of an order chooses who pays for it: behind a link that says which, and signed in as who they are."""

from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.authorizations import authorizations
from app.domain.errors import LinkInvalid, NotAllowed, NotFound
from app.domain.legs.legs import Source
from app.domain.orders.orders import Order, choose_billing, read_order
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.paywall import Paywall
from app.domain.people.sessions import Person
from app.flows.callers.links import OrderLink

log = structlog.get_logger()


class Whose(StrEnum):
    """What an order is to whoever looks at it."""

    OWN = "own"
    """Theirs."""
    NOBODYS = "nobodys"
    """Of a user of the app who is connected to no account yet."""
    ANOTHERS = "anothers"
    """Of somebody else; nothing of it is told."""


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its link shows it to whoever is signed in."""

    order: Order
    paywall: Paywall
    configuration: Configuration
    whose: Whose


def read_view(session: Session, link: OrderLink, person: Person) -> OrderView:
    """Returns what a link names, and what it is to a person. Raises LinkInvalid where there is nothing."""
    try:
        paywall, configuration = read_current(session, link.paywall_id)
        order = read_order(session, link.paywall_id, link.order_id, link.user)
    except NotFound:
        raise LinkInvalid("There is no such order. Ask the app for a new link.") from None
    if paywall.rules.has_app_wallets:
        raise LinkInvalid("The users of this app have no account here: their wallet pays for every order.")
    return OrderView(order, paywall, configuration, _whose(session, paywall, order, person))


def _whose(session: Session, paywall: Paywall, order: Order, person: Person) -> Whose:
    if paywall.rules.is_operators:
        return Whose.OWN if order.user == person.account_id else Whose.ANOTHERS
    active = authorizations.find_active(session, paywall.id, order.user)
    if active is None:
        return Whose.NOBODYS
    return Whose.OWN if active.account_id == person.account_id else Whose.ANOTHERS


async def choose(link: OrderLink, person: Person, billing: Source, *, may_fall_back: bool = False) -> None:
    """Keeps who pays for an order, once and for all of its requests.

    With `may_fall_back` the wallet pays where the user's own key does not serve. Raises NotAllowed for anybody but the
    order's user, AlreadyChosen, LinkInvalid.
    """

    def work(session: Session) -> None:
        view = read_view(session, link, person)
        if view.whose is not Whose.OWN:
            raise NotAllowed("This order is not yours: sign in with the account that pays for this app.")
        choose_billing(session, view.order, billing, person.account_id, may_fall_back=may_fall_back)

    await db.in_transaction(work, writes=True)
    log.info("order", step="chosen", order=link.order_id, account=person.account_id, billing=billing.value)
