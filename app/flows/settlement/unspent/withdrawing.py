"""A person withdraws what they paid in as USDC and did not spend: to the address that they have proved, by a payout.

[tx] payout row, wallet → `payout_transit:<payout>`; from there on it is a payout like any other, and counts against
the same limits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.cards import auto_topup
from app.domain.cards.tables import OffReason
from app.domain.errors import Refused
from app.domain.ledger.operations import Operation
from app.domain.money import Environment
from app.domain.payouts import addresses, withdrawals
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import Payout
from app.domain.payouts.withdrawals import Withdrawal
from app.domain.people.sessions import Person
from app.domain.wallets.shared import shared_account, shared_wallet_id
from app.flows.disputes.lots import catch_up, has_moved
from app.flows.events.mails import Desk
from app.flows.settlement.told import keep_withdrawal_mail

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants back of their wallet: all that can go for `units` None. `click` is of one shown button."""

    environment: Environment
    chain_id: int
    click: str
    units: int | None = None


async def withdraw_unspent(rules: PayoutRules, desk: Desk, person: Person, wish: Wish) -> Payout:
    """Has unspent USDC paid out to the person's own address; the same click does so once. Its owner is mailed.

    Automatic top-ups are switched off. Raises Refused where no address counts yet or the wallet is frozen, BadField for
    the amount.
    """
    await bring_near(person)

    def write(session: Session) -> tuple[Payout, bool]:
        address = addresses.find_counting(session, person.account_id, wish.environment)
        if address is None:
            raise Refused("No address of yours counts yet: confirm one first.")
        asked = Withdrawal(person.account_id, wish.environment, wish.chain_id, address.address, wish.click, wish.units)
        payout, is_new = withdrawals.request(
            session, rules, asked, partial(_switch_off, session, person, wish.environment)
        )
        if is_new:
            keep_withdrawal_mail(session, payout)
        return payout, is_new

    payout, is_new = await db.in_transaction(write, writes=True)
    if is_new:
        log.info("payout", payout=payout.id, step=payout.status, wallet=payout.wallet_id)
        await desk.send_kept()
    return payout


async def bring_near(person: Person) -> None:
    """Brings the lots of a person's shared wallets near to now."""
    for environment in Environment:
        account = shared_account(person.account_id, environment)
        if await db.in_transaction(partial(has_moved, account=account)):
            await catch_up(account.owner)


def _switch_off(session: Session, person: Person, environment: Environment) -> Sequence[Operation]:
    """Whoever wants money back is not charged by itself until they say so again (`decisions.md` 16)."""
    return auto_topup.switch_off(session, shared_wallet_id(person.account_id, environment), OffReason.REFUND_ASKED)
