"""Payouts by hand: a developer asks for one, an operator lets it through, takes it back, books what nobody knows of."""

from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.errors import Refused
from app.domain.money import Environment
from app.domain.operators.operators import Operator, note_change
from app.domain.payouts import addresses, batches, booking, desk, requests
from app.domain.payouts.requests import Asked
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import Payout
from app.domain.paywalls.members import Act, Manager, check_may, read_owner
from app.domain.transactions import transactions
from app.flows.settlement.told import tell_requested
from app.flows.settlement.treasury import Treasury

log = structlog.get_logger()

WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a developer wants: all that is available for `units` None. `click` is of one button that was shown."""

    environment: Environment
    chain_id: int
    click: str
    units: int | None = None


async def request_payout(rules: PayoutRules, manager: Manager, wanted: Wanted) -> Payout:
    """Requests a payout of a paywall's earnings to its owner's address; the same click does so once.

    Raises NotAllowed, NotFound, WrongMode, Refused where no address counts yet or another paywall owes, BadField.
    """

    def write(session: Session) -> Payout:
        check_may(session, manager, Act.PAY_OUT)
        payee = read_owner(session, manager.paywall_id) or manager.account_id or ""
        address = addresses.find_counting(session, payee, wanted.environment)
        if address is None:
            raise Refused("No address of yours counts yet: confirm one first.")
        asked = Asked(manager.paywall_id, wanted.chain_id, address.address, payee, wanted.click, wanted.units)
        payout, is_new = requests.request(session, rules, asked)
        if payout.environment is not wanted.environment:
            raise Refused(f"{manager.paywall_id} has no {wanted.environment.value} earnings.")
        if is_new:
            tell_requested(session, payout)
        return payout

    payout = await db.in_transaction(write, writes=True)
    log.info("payout", payout=payout.id, step=payout.status, paywall=payout.paywall_id)
    return payout


async def approve_payout(operator: Operator, payout_id: str) -> bool:
    """Lets a payout through that is above a limit; tells whether it waited for that.

    Raises NotFound, Refused for one out of a wallet that is frozen now.
    """

    def write(session: Session) -> bool:
        done = requests.approve(session, payout_id, operator.account_id)
        if done:
            note_change(session, operator, payout_id, {"approved": True})
        return done

    return await db.in_transaction(write, writes=True)


async def approve_batch(operator: Operator, batch_id: str) -> bool:
    """Lets a batch through that is above the limit; tells whether it waited for that. Raises NotFound."""

    def write(session: Session) -> bool:
        done = batches.release(session, batch_id, operator.account_id)
        if done:
            note_change(session, operator, batch_id, {"approved": True})
        return done

    return await db.in_transaction(write, writes=True)


async def withdraw_payout(operator: Operator, payout_id: str) -> bool:
    """Takes a payout back, if the chain has not paid it by then; tells whether it is being taken back. Raises NotFound.

    Its money is available again when the chain says that it can never be paid.
    """

    def write(session: Session) -> bool:
        done = requests.withdraw(session, payout_id, WITHDRAWN)
        if done:
            note_change(session, operator, payout_id, {"withdrawn": True})
        return done

    return await db.in_transaction(write, writes=True)


async def hurry_payout(operator: Operator, payout_id: str) -> None:
    """Has the transaction that carries a payout offer more at the next look. Raises NotFound, Refused without one."""

    def write(session: Session) -> None:
        payout = requests.lock(session, payout_id)
        if payout.transaction_id is None or not transactions.hurry(session, payout.transaction_id):
            raise Refused(f"No transaction that is under way carries {payout_id}.")
        note_change(session, operator, payout_id, {"hurried": payout.transaction_id})

    await db.in_transaction(write, writes=True)


async def resume_payouts(operator: Operator, treasury: Treasury) -> None:
    """Lets a chain's payouts go on. Raises Refused while a transfer out of its treasury is not booked."""
    about = f"chain:{treasury.chain.rules.id}"
    await treasury.resume(lambda session: note_change(session, operator, about, {"payouts": "resumed"}))


async def pause_payouts(operator: Operator, chain_id: int) -> None:
    """Lets no payout of a chain be signed or sent until somebody resumes them. Raises Refused for one never read."""

    def write(session: Session) -> None:
        if desk.find_desk(session, chain_id) is None:
            raise Refused("This chain was not read yet.")
        if desk.pause(session, chain_id, "An operator paused them."):
            note_change(session, operator, f"chain:{chain_id}", {"payouts": "paused"})

    await db.in_transaction(write, writes=True)


async def book_for_paywall(operator: Operator, transfer_id: str, paywall_id: str) -> None:
    """Books a transfer out of the treasury as a payout of a paywall that nobody remembers.

    Raises NotFound, WrongMode, Refused where it is booked already, of another environment, or the address was never its
    owner's.
    """

    def write(session: Session) -> None:
        booking.book_for_paywall(session, transfer_id, paywall_id, operator.account_id)
        note_change(session, operator, transfer_id, {"booked_for": paywall_id})

    await db.in_transaction(write, writes=True)


async def book_for_wallet(operator: Operator, transfer_id: str, wallet_id: str) -> None:
    """Books a transfer out of the treasury as a withdrawal that nobody remembers.

    Raises NotFound, Refused where it is booked already, of another environment, or the address was never its owner's.
    """

    def write(session: Session) -> None:
        booking.book_for_wallet(session, transfer_id, wallet_id, operator.account_id)
        note_change(session, operator, transfer_id, {"booked_for": wallet_id})

    await db.in_transaction(write, writes=True)


async def book_for_operator(operator: Operator, transfer_id: str) -> None:
    """Books a transfer out of the treasury as the operator's own. Raises NotFound, Refused for a booked one."""

    def write(session: Session) -> None:
        booking.book_for_operator(session, transfer_id, operator.account_id)
        note_change(session, operator, transfer_id, {"booked_for": "operator"})

    await db.in_transaction(write, writes=True)
