"""A payment is given back, or a part of it: by the developer whose account it is at, or by the user who wants back what
is unspent of it (`decisions.md` 13).

[tx] refund row, wallet → `payout_transit:<refund>`; then the rail, under the row's id; then transit → world, or back.
"""

from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.cards import auto_topup
from app.domain.cards.tables import OffReason
from app.domain.disputes.settling import refundable_cents, settle
from app.domain.errors import BadField, NotFound, Refused, WrongMode
from app.domain.ids import as_id
from app.domain.inbox.connections import read_connection
from app.domain.money import Unit, format_decimal, format_for_people, nanos_of_cents
from app.domain.paywalls.changes import Section, note_change
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.paywall import lock_paywall
from app.domain.people.sessions import Person
from app.domain.refunds import payments
from app.domain.refunds.tables import Refund, RefundReason, RefundStatus
from app.domain.topups import topups
from app.domain.topups.tables import Topup, TopupStatus
from app.flows.disputes.lots import catch_up
from app.flows.disputes.offers import Refusal, offer, read_own_topup
from app.flows.events.tell import tell_refund
from app.flows.payments.refund import Refunds

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A refund that was asked for, as the rail said at once."""

    refund_id: str
    paid_cents: int
    status: RefundStatus


async def refund_payment(
    refunds: Refunds, manager: Manager, topup_id: str, click_id: str, cents: int | None = None
) -> GivenBack:
    """Gives a payment of an app's user back, or `cents` of it, from the developer's account.

    Of the wallet goes at most what is free, the rest is the paywall's revenue. `click_id` is of one button that was
    shown, or one call of the API: sent again, it gives back once and answers with the same refund. Raises NotAllowed,
    NotFound, WrongMode where users pay the operator, BadField for the amount, KeyReused for another one, Refused where
    the account's key was deleted.
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
        if not read_connection(session, topup.connection_id).is_reachable:
            raise Refused(Refusal.GONE)
        most = refundable_cents(session, topup)
        wanted = most if cents is None else cents
        if not 0 < wanted <= most:
            shown = format_for_people(nanos_of_cents(most, Unit.USD), Unit.USD)
            raise BadField("amount", f"At most {shown} of this payment can be given back.")
        refunded = format_decimal(nanos_of_cents(wanted, Unit.USD))
        what = {"user": topup.external_id, "refunded": refunded, "payment": topup.id}
        note_change(session, paywall.id, manager.account_id, Section.USERS, paywall.version, what)
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
    topup = await db.in_transaction(partial(read_own_topup, person=person, topup_id=topup_id))
    await catch_up(topup.wallet_id)

    def ask(session: Session) -> Refund:
        locked = _lock_paid(session, topup_id)
        refund_id = payments.id_of_click(locked.id, click_id)
        if (asked := payments.find_asked(session, refund_id, confirmed_cents)) is not None:
            return asked
        auto_topup.find(session, locked.wallet_id, is_locked=True)  # before the lots, as everywhere
        offered = offer(session, locked)
        if offered.refusal is not None:
            raise Refused(offered.refusal)
        if not 0 < confirmed_cents <= offered.cents:
            left = format_for_people(nanos_of_cents(offered.cents, Unit.USD), Unit.USD)
            raise Refused(f"Meanwhile something of it was spent: {left} can go back now.")
        return _ask(session, locked, RefundReason.USER, confirmed_cents, refund_id)

    return await _carry_out(refunds, await db.in_transaction(ask, writes=True))


def _lock_paid(session: Session, topup_id: str) -> Topup:
    topup = session.get(Topup, as_id(topup_id))
    if topup is None or topup.status is not TopupStatus.PAID:
        raise NotFound(f"There is no paid top-up {topup_id}.")
    return topups.lock(session, topup.connection_id, topup.id)


def _ask(session: Session, topup: Topup, reason: RefundReason, cents: int, refund_id: str) -> Refund:
    row = payments.ask(session, topup, reason, cents, refund_id)
    # Whoever wants money back is not charged by itself until they say so again (`decisions.md` 16).
    settle(session, topup, others=partial(auto_topup.switch_off, session, topup.wallet_id, OffReason.REFUND_ASKED))
    tell_refund(session, topup, row)
    return row


async def _carry_out(refunds: Refunds, asked: Refund) -> GivenBack:
    log.info("refund", refund=asked.id, topup=asked.topup_id, step="asked")
    await refunds.send(asked.id)
    now = await db.in_transaction(lambda session: session.get_one(Refund, asked.id))
    return GivenBack(now.id, now.paid_cents, now.status)
