"""A top-up from the page behind a link: an amount is chosen, a checkout is made, the user is sent to pay."""

from dataclasses import dataclass, replace
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import CoinslotError, NotSignedIn, Refused, Unavailable
from app.domain.inbox import health, inbox
from app.domain.inbox.connections import may_fund, read_connection
from app.domain.instance import instance
from app.domain.ledger.accounts import Account
from app.domain.money import Environment, Unit, nanos_of_cents
from app.domain.paywalls.archiving import check_open
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.paywall import Paywall
from app.domain.people.sessions import Person
from app.domain.refunds import refunds
from app.domain.topups import topups
from app.domain.topups.bounds import USUAL, TopupBounds, check_amount
from app.domain.topups.surcharge import NO_SURCHARGE, Surcharge
from app.domain.topups.tables import TopupStatus
from app.domain.topups.topups import CURRENCY, NewTopup
from app.domain.topups.trying import check_trying
from app.domain.wallets.shared import open_shared_wallet, shared_wallet_id
from app.domain.wallets.wallets import app_wallet, open_wallet
from app.flows.callers.links import TopupLink
from app.flows.events.tell import tell_new_user
from app.flows.payments.customers import Payer, with_payer
from app.flows.payments.received import RETURN, PaymentDoor
from app.ports.cards import CardRails
from app.ports.payments import Checkout, Marks, Order, PaymentRail, SandboxCheckouts
from app.ports.rail_errors import CallRefused, KeyRefused, ObjectMissing

log = structlog.get_logger()

SHARED = "shared"
"""What a checkout calls the wallet that all apps share; another one is called by its app."""
CREDITS = "credits"
"""What a checkout calls a person's credits."""
_TITLES = {SHARED: "Top up your wallet", CREDITS: "Add credits"}
_OWN = {Unit.USDC: (SHARED, "/wallet/?topup="), Unit.CREDIT: (CREDITS, "/credits/?topup=")}
"""What a wallet of a person's own is called at the checkout, and where its payer comes back to."""
CHECKOUT_SECONDS = 31 * 60
"""How long a checkout can be paid; after that a new one is a click away. Stripe takes none that ends in less than half
an hour by its own clock, so that there is a minute for both clocks and the way."""

RETURN_SECONDS = 10
"""How long what a rail said is good for a payer who comes back again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a payer wants: an `amount` of dollars, as they typed it, and what that costs beside.

    With `cards` the card that pays is kept there, for whoever is signed in and pays into their own wallet, which counts
    `unit`. `network` is from where they ask.
    """

    amount: str
    surcharge: Surcharge = NO_SURCHARGE
    bounds: TopupBounds = USUAL
    cards: CardRails | None = None
    network: str | None = None
    unit: Unit = Unit.USDC


@dataclass(frozen=True, slots=True)
class SandboxCheckout:
    """A sandbox checkout page. `app_name` says whose wallet it fills, `return_url` where on this site to go back to.

    `fee_cents` of what is paid are a fee; `saves_card` tells that the card that pays is kept.
    """

    topup_id: str
    app_name: str
    paid_cents: int
    currency: str
    return_url: str
    status: TopupStatus
    fee_cents: int
    saves_card: bool


@dataclass(frozen=True, slots=True)
class BegunTopup:
    """A top-up, and the address of the checkout where it is paid."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class EndedTopup:
    """A top-up as the page shows it that its payer came back to.

    `goes_back` tells that a payment for it could not be credited and is being refunded.
    """

    status: TopupStatus
    credited_nanos: int
    unit: Unit
    goes_back: bool


async def begin_topup(rail: PaymentRail, link: TopupLink, wanted: Wanted, person: Person | None = None) -> str:
    """Returns the address of a checkout for an amount, for the wallet that the link stands for.

    In shared mode that is the wallet of whoever is signed in. Raises BadField for the amount, NotSignedIn,
    Archived, Refused where this rail cannot take the money, or keeps no card.
    """
    cents = check_amount(wanted.amount, wanted.bounds)

    def create(session: Session) -> Order:
        paywall, configuration = read_current(session, link.paywall_id)
        check_open(paywall, configuration.app_name)
        # Before a wallet is opened that nothing can be paid into.
        _check_environment(session, rail, paywall.environment)
        if wanted.cards is not None and paywall.rules.has_app_wallets:
            raise Refused("A card is kept only for a wallet of your own, not for one in an app.")
        wallet = _account(session, paywall, link, person)
        name = configuration.app_name if paywall.rules.has_app_wallets else SHARED
        new = _new_topup(rail, wallet, cents, link.paywall_id, link.user)
        return _create(session, rail, _with(session, new, wanted), name, f"/topup/{link.token}/?topup=")

    return await _check_out(rail, await db.in_transaction(create, writes=True), wanted.cards, person)


async def begin_own_topup(rail: PaymentRail, person: Person, environment: Environment, wanted: Wanted) -> str:
    """Returns the address of a checkout for a person's own wallet, without any app. Raises BadField, Refused."""
    return (await begin_own_checkout(rail, person, environment, wanted)).url


async def begin_own_checkout(rail: PaymentRail, person: Person, environment: Environment, wanted: Wanted) -> BegunTopup:
    """Begins a top-up of a person's own wallet, as `begin_own_topup`, and says which it is."""
    cents = check_amount(wanted.amount, wanted.bounds)

    def create(session: Session) -> Order:
        _check_environment(session, rail, environment)
        wallet = open_shared_wallet(session, person.account_id, environment, wanted.unit)
        new = _with(session, _new_topup(rail, wallet, cents), wanted)
        return _create(session, rail, new, *_OWN[wanted.unit])

    order = await db.in_transaction(create, writes=True)
    return BegunTopup(order.marks.topup_id, await _check_out(rail, order, wanted.cards, person))


def _new_topup(
    rail: PaymentRail, wallet: Account, cents: int, paywall_id: str | None = None, user: str | None = None
) -> NewTopup:
    return NewTopup(
        wallet=wallet,
        connection_id=rail.connection_id,
        currency=CURRENCY,
        paid_cents=cents,
        credited_nanos=nanos_of_cents(cents, wallet.unit),
        expires_at=clock.now() + CHECKOUT_SECONDS * clock.SECOND,
        paywall_id=paywall_id,
        user=user,
    )


def _with(session: Session, new: NewTopup, wanted: Wanted) -> NewTopup:
    """Returns a top-up with from where it comes, and what it costs beside; a developer's account bears its fees."""
    bears_fees = read_connection(session, new.connection_id).paywall_id is not None
    paid_cents = new.paid_cents if bears_fees else wanted.surcharge.paid_cents(new.paid_cents)
    return replace(new, paid_cents=paid_cents, network=wanted.network)


def _create(session: Session, rail: PaymentRail, new: NewTopup, description: str, back: str) -> Order:
    """Writes a top-up, and returns what its checkout is asked for. Raises Refused."""
    connection = read_connection(session, rail.connection_id)
    if not connection.is_open or not may_fund(session, connection, new.wallet):
        raise Refused("Card payments are not open here yet.")
    check_trying(session, new.wallet.owner, new.network)
    topup_id = topups.create(session, new)
    marks = Marks(instance.read_id(session), topup_id, new.wallet.id, new.paid_cents, new.credited_nanos)
    expires_at = clock.now() if new.expires_at is None else new.expires_at
    title = _TITLES.get(description, f"Top up your {description} wallet")
    fee_cents = new.paid_cents - new.credited_nanos // nanos_of_cents(1, new.wallet.unit)
    return Order(marks, new.currency, description, back + topup_id, expires_at, title, fee_cents=fee_cents)


async def _check_out(rail: PaymentRail, order: Order, cards: CardRails | None, person: Person | None) -> str:
    """Makes the checkout, and keeps its id before anybody is sent there; a card is kept for whoever is signed in.

    Raises Unavailable, in words for a payer, also where the rail refuses the call or the connection's key; its owner is
    told of the key when its events are read.
    """
    topup_id = order.marks.topup_id
    try:
        if cards is not None and person is not None:
            made = await with_payer(cards, rail.connection_id, person, partial(_keeping, rail, order))
        else:
            made = await rail.create_checkout(order)
    except CoinslotError as error:
        await db.in_transaction(partial(_give_up, rail=rail, topup_id=topup_id, error=error), writes=True)
        log.warning("checkout", connection=rail.connection_id, topup=topup_id, step="given_up", error=error.message)
        if isinstance(error, KeyRefused | CallRefused | ObjectMissing):
            raise Unavailable("Card payments do not work here at the moment. Nothing was charged.") from None
        if isinstance(error, Unavailable):
            raise Unavailable("Card payments cannot be reached right now. Nothing was charged; try again.") from None
        raise
    await db.in_transaction(partial(topups.note_checkout, topup_id=topup_id, checkout_id=made.id), writes=True)
    return made.url


async def _keeping(rail: PaymentRail, order: Order, payer: Payer) -> Checkout:
    return await rail.create_checkout(replace(order, customer_id=payer.ref, saves_card=True))


def _give_up(session: Session, rail: PaymentRail, topup_id: str, error: CoinslotError) -> None:
    """Ends a top-up to whose page nobody was sent, whether or not it was made, so that it keeps no other from its turn.

    If somebody pays it all the same, that is credited.
    """
    topups.expire(session, topups.lock(session, rail.connection_id, topup_id))
    if isinstance(error, KeyRefused):
        health.note_refused(session, rail.connection_id, error.message)


def _check_environment(session: Session, rail: PaymentRail, environment: Environment) -> None:
    """Raises Refused for money of an environment that this rail's connection has nothing of."""
    if read_connection(session, rail.connection_id).environment is not environment:
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


def read_topup(session: Session, link: TopupLink, topup_id: str, person: Person | None = None) -> EndedTopup:
    """Returns a top-up of the link's own wallet. Raises NotFound, NotSignedIn."""
    paywall, _ = read_current(session, link.paywall_id)
    if not paywall.rules.has_app_wallets:
        if person is None:
            raise NotSignedIn("Sign in to see your wallet.")
        return read_own_topup(session, person, paywall.environment, topup_id)
    wallet = app_wallet(paywall.id, link.user, paywall.environment, paywall.unit)
    return _ended(session, topup_id, wallet.id)


def read_own_topup(
    session: Session, person: Person, environment: Environment, topup_id: str, unit: Unit = Unit.USDC
) -> EndedTopup:
    """Returns a top-up of a person's own wallet. Raises NotFound."""
    return _ended(session, topup_id, shared_wallet_id(person.account_id, environment, unit))


def _ended(session: Session, topup_id: str, wallet_id: str) -> EndedTopup:
    topup = topups.read(session, topup_id, wallet_id)
    goes_back = refunds.has_any(session, topup.id)
    return EndedTopup(topup.status, topup.credited_nanos, topup.unit, goes_back)


async def look_again(door: PaymentDoor, topup_id: str) -> str | None:
    """Asks the rail about a top-up whose payer came back, through the one door; at most once in ten seconds.

    Returns what came of it, as the door does; None also where nothing was asked, as for one that is paid, that ended,
    or that nobody was sent to pay. The caller has checked whose it is.
    """
    asked = await db.in_transaction(partial(topups.read_open_checkout, topup_id=topup_id))
    if asked is None:
        return None
    connection_id, checkout_id = asked
    event_id = f"{RETURN}{topup_id}:{clock.now() // (RETURN_SECONDS * clock.SECOND)}"
    if await db.in_transaction(lambda session: inbox.is_known(session, connection_id, event_id)):
        return None
    return await door.receive(connection_id, event_id, checkout_id)


async def open_sandbox_checkout(rail: SandboxCheckouts, token: str) -> SandboxCheckout:
    """Returns what the sandbox's checkout page shows. Raises LinkInvalid, NotFound."""
    opened = rail.open(token)
    topup = await db.in_transaction(lambda session: topups.read(session, opened.topup_id))
    fee_cents = opened.paid_cents - topup.credited_nanos // nanos_of_cents(1, topup.unit)
    is_over = opened.expires_at is not None and opened.expires_at <= clock.now()
    is_open = topup.status is TopupStatus.CREATED
    return SandboxCheckout(
        topup_id=topup.id,
        app_name=opened.description,
        paid_cents=opened.paid_cents,
        currency=opened.currency,
        return_url=opened.return_url,
        status=TopupStatus.EXPIRED if is_over and is_open else topup.status,
        fee_cents=fee_cents,
        saves_card=opened.saves_card,
    )
