"""The only door for card money: an event is stored, the payment read back from its rail, the wallet credited.

Every step may be cut and repeated: the inbox job finishes what was stored, and a payment credits once.
"""

from collections.abc import Mapping
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.errors import NotFound, ProviderFailed, Unavailable
from app.domain.inbox import inbox
from app.domain.topups import topups
from app.domain.topups.tables import Topup
from app.domain.topups.topups import PaymentMismatch
from app.each_alone import Failed, alone, each_alone
from app.flows.events.tell import tell_deposit
from app.ports.payments import Payment, PaymentRail, PaymentStatus, SandboxCheckouts

log = structlog.get_logger()

RETRY_AFTER_SECONDS = 30
BATCH = 100


async def receive(rail: PaymentRail, event_id: str, payment_id: str) -> None:
    """Takes a rail's word that something happened to a payment, and acts on what the rail then says of it.

    Raises Unavailable if the event could not be stored; the rail sends it again.
    """
    await db.in_transaction(lambda session: inbox.store(session, event_id, rail.name, payment_id), writes=True)
    await _handle(rail, event_id, payment_id)


async def pay_in_sandbox(rail: SandboxCheckouts, token: str, outcome: PaymentStatus) -> None:
    """Ends a sandbox checkout as its user chose, through the same door as real money. Raises LinkInvalid."""
    payment_id = rail.payment_id(token, outcome)
    await receive(rail, f"{rail.name}:{payment_id}", payment_id)


async def finish_inbox(rails: dict[str, PaymentRail]) -> int:
    """Acts on stored events that nobody finished, and returns how many there were."""
    waiting = await db.in_transaction(lambda session: inbox.unhandled(session, RETRY_AFTER_SECONDS, BATCH))
    done = await each_alone("topup_received", waiting, partial(_finish, rails), lambda stored: stored[0])
    for (event_id, _, _), result in done:
        if isinstance(result, Failed):
            # It has had its turn: those that were tried less often come first next time.
            reason = f"Something went wrong on our side ({type(result.error).__name__})."
            await alone("topup_received", event_id, partial(_postpone, event_id, reason))
    return len(waiting)


async def _finish(rails: Mapping[str, PaymentRail], stored: tuple[str, str, str]) -> None:
    event_id, rail_name, payment_id = stored
    rail = rails.get(rail_name)
    if rail is None:
        await _postpone(event_id, f"There is no rail {rail_name} here.")
    else:
        await _handle(rail, event_id, payment_id)


async def _handle(rail: PaymentRail, event_id: str, payment_id: str) -> None:
    try:
        payment = await rail.read_payment(payment_id)
    except NotFound as error:
        await _give_up(event_id, error.message)
        return
    except (ProviderFailed, Unavailable) as error:
        await _postpone(event_id, error.message)
        return
    try:
        await db.in_transaction(lambda session: _act(session, event_id, payment), writes=True)
    except (PaymentMismatch, NotFound) as error:
        await _give_up(event_id, error.message)
        return
    log.info("topup_received", inbox_event=event_id, topup=payment.topup_id, step=payment.status)


async def _postpone(event_id: str, reason: str) -> None:
    """Leaves an event to the inbox job's next run."""
    await db.in_transaction(lambda session: inbox.postpone(session, event_id, reason), writes=True)
    log.warning("topup_received", inbox_event=event_id, step="postponed", error=reason)


async def _give_up(event_id: str, reason: str) -> None:
    """Ends an event that can never credit anything, and keeps the reason."""
    await db.in_transaction(lambda session: inbox.finish(session, event_id, reason), writes=True)
    log.error("topup_received", inbox_event=event_id, step="refused", error=reason)


def _act(session: Session, event_id: str, payment: Payment) -> None:
    if not inbox.finish(session, event_id):
        return
    if payment.status is PaymentStatus.PAID:
        topups.credit(session, payment.topup_id, payment.id, payment.amount_nanos, payment.currency, payment.is_live)
        _tell(session, payment)
    elif payment.status is PaymentStatus.FAILED:
        topups.fail(session, payment.topup_id, payment.id)


def _tell(session: Session, payment: Payment) -> None:
    """Tells the paywall whose link began the top-up, and nobody else (`decisions.md` 26)."""
    topup = session.get(Topup, payment.topup_id)
    if topup is not None and topup.paywall_id is not None and topup.external_id is not None:
        tell_deposit(session, topup.paywall_id, topup.external_id, topup.id, topup.amount_nanos, topup.currency,
                     f"{topup.rail}.checkout")  # fmt: skip
