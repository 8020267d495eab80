"""A payment is given back, or a part of it: by the developer whose account it is at, or by the user who wants back what
is unspent of it (`decisions.md` 13).

[tx] refund row, wallet → `payout_transit:<refund>`; then the rail, under the row's id; then transit → world, or back.
"""

from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.cards import auto_topup
from app.domain.cards.tables import OffReason
from app.domain.disputes.settling import refundable_cents, settle
from app.domain.errors import BadField, NotFound, Refused, WrongMode
from app.domain.ids import as_id
from app.domain.ledger.accounts import parse
from app.domain.ledger.folding import lock_balance
from app.domain.money import Environment, Unit, format_for_people, nanos_of_cents
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.paywall import lock_paywall
from app.domain.people.sessions import Person
from app.domain.refunds import payments
from app.domain.refunds.tables import Refund, RefundReason, RefundStatus
from app.domain.topups import topups
from app.domain.topups.tables import Topup, TopupStatus
from app.domain.wallets import lots, shared
from app.domain.wallets.shared import shared_wallet_id
from app.flows.disputes.lots import catch_up
from app.flows.events.tell import tell_refund
from app.flows.payments.refund import Refunds
from app.sql.columns import table_of

log = structlog.get_logger()

REFUND_DAYS = 14
"""How long after paying a user can have back by themselves what is unspent."""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A refund that was asked for, as the rail said at once."""

    refund_id: str
    paid_cents: int
    status: RefundStatus


@dataclass(frozen=True, slots=True)
class RefundOffer:
    """What of a top-up its user can have back: `cents`, until a time (microseconds). `refunds` are what went before.

    `refusal` says why not, in a sentence; None where they can.
    """

    cents: int
    until: int
    refusal: str | None
    refunds: tuple[tuple[int, RefundStatus], ...]


async def refund_payment(
    refunds: Refunds, manager: Manager, topup_id: str, click_id: str, cents: int | None = None
) -> GivenBack:
    """Gives a payment of an app's user back, or `cents` of it, from the developer's account.

    Of the wallet goes at most what is free, the rest is the paywall's revenue. `click_id` is of one button that was
    shown, or one call of the API: sent again, it gives back once and answers with the same refund. Raises NotAllowed,
    NotFound, WrongMode where users pay the operator, BadField for the amount, KeyReused for another one.
    """

    def ask(session: Session) -> Refund:
        paywall = lock_paywall(session, manager.paywall_id)
        check_may(session, manager, Act.REFUND)
        if not paywall.rules.has_app_wallets:
            raise WrongMode("Users of this paywall pay the operator; give the charge back instead.")
        topup = _lock_paid(session, topup_id)
        if topup.paywall_id != paywall.id:
            raise NotFound(f"There is no top-up {topup_id}.")
        refund_id = payments.id_of_click(topup.id, click_id)
        if (asked := payments.find_asked(session, refund_id, cents)) is not None:
            return asked
        most = refundable_cents(session, topup)
        wanted = most if cents is None else cents
        if not 0 < wanted <= most:
            shown = format_for_people(nanos_of_cents(most, Unit.USD), Unit.USD)
            raise BadField("amount", f"At most {shown} of this payment can be given back.")
        return _ask(session, topup, RefundReason.DEVELOPER, wanted, refund_id)

    return await _carry_out(refunds, await db.in_transaction(ask, writes=True))


async def refund_unspent(
    refunds: Refunds, person: Person, topup_id: str, click_id: str, confirmed_cents: int
) -> GivenBack:
    """Gives a person back what is unspent of their payment, to the card that it came from, for 14 days.

    They have back what they confirmed and were shown (`read_offer`), or nothing. `click_id` is of one button that was
    shown; sent again, it gives back once and answers with the same refund. Automatic top-ups are switched off. Raises
    NotFound for somebody else's, Refused with the reason.
    """
    topup = await db.in_transaction(partial(_own, person=person, topup_id=topup_id))
    await catch_up(topup.wallet_id)

    def ask(session: Session) -> Refund:
        locked = _lock_paid(session, topup_id)
        _own(session, person, topup_id)
        refund_id = payments.id_of_click(locked.id, click_id)
        if (asked := payments.find_asked(session, refund_id, confirmed_cents)) is not None:
            return asked
        auto_topup.find(session, locked.wallet_id, is_locked=True)  # before the lots, as everywhere
        offer = _offer(session, locked)
        if offer.refusal is not None:
            raise Refused(offer.refusal)
        if not 0 < confirmed_cents <= offer.cents:
            left = format_for_people(nanos_of_cents(offer.cents, Unit.USD), Unit.USD)
            raise Refused(f"Meanwhile something of it was spent: {left} can go back now.")
        return _ask(session, locked, RefundReason.USER, confirmed_cents, refund_id)

    return await _carry_out(refunds, await db.in_transaction(ask, writes=True))


async def read_offer(person: Person, topup_id: str) -> RefundOffer:
    """Returns what of a person's top-up they can have back now. Raises NotFound for somebody else's."""
    topup = await db.in_transaction(partial(_own, person=person, topup_id=topup_id))
    await catch_up(topup.wallet_id)
    return await db.in_transaction(lambda session: _offer(session, _lock_paid(session, topup_id)), writes=True)


def _own(session: Session, person: Person, topup_id: str) -> Topup:
    topup = session.get(Topup, as_id(topup_id))
    wallets = {shared_wallet_id(person.account_id, environment) for environment in Environment}
    if topup is None or topup.wallet_id not in wallets:
        raise NotFound("There is no such top-up.")
    return topup


def _lock_paid(session: Session, topup_id: str) -> Topup:
    topup = session.get(Topup, as_id(topup_id))
    if topup is None or topup.status is not TopupStatus.PAID:
        raise NotFound(f"There is no paid top-up {topup_id}.")
    return topups.lock(session, topup.connection_id, topup.id)


def _offer(session: Session, topup: Topup) -> RefundOffer:
    """Says what of a locked top-up can go back; no charge spends it until the transaction ends."""
    account, until = parse(topup.account_id), (topup.finished_at or 0) + REFUND_DAYS * 24 * 3_600 * clock.SECOND
    purse = lots.bring_up(session, account, lots.lock(session, account.owner))
    posted, held = lock_balance(session, account)
    lot = purse.lots.get(topup.id)
    # What is held is spent soon, and card money first.
    unspent = min(0 if lot is None else lot.left, posted - held)
    cents = min(max(unspent, 0) // nanos_of_cents(1, account.unit), refundable_cents(session, topup))
    refusal = None
    if shared.is_frozen(session, account.owner):
        refusal = "Your wallet is frozen, and gives nothing back until that is settled."
    elif clock.now() > until:
        refusal = f"Payments can be given back for {REFUND_DAYS} days."
    elif not cents:
        refusal = "Nothing of this payment is left."
    return RefundOffer(cents, until, refusal, _earlier(session, topup))


def _earlier(session: Session, topup: Topup) -> tuple[tuple[int, RefundStatus], ...]:
    table = table_of(Refund)
    found = select(table.c.paid_cents, table.c.status).where(
        table.c.topup_id == topup.id, table.c.payment_id == topup.payment_id
    )
    return tuple((row.paid_cents, row.status) for row in session.execute(found.order_by(table.c.created_at)))


def _ask(session: Session, topup: Topup, reason: RefundReason, cents: int, refund_id: str) -> Refund:
    row = payments.ask(session, topup, reason, cents, refund_id)
    # Whoever wants money back is not charged by itself until they say so again (`decisions.md` 16).
    settle(session, topup, others=partial(auto_topup.switch_off, session, topup.wallet_id, OffReason.REFUND_ASKED))
    tell_refund(session, topup, row)
    return row


async def _carry_out(refunds: Refunds, asked: Refund) -> GivenBack:
    log.info("refund", refund=asked.id, topup=asked.topup_id, step="asked")
    await refunds.send_due(asked.connection_id)
    now = await db.in_transaction(lambda session: session.get_one(Refund, asked.id))
    return GivenBack(now.id, now.paid_cents, now.status)
