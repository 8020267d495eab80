"""Withdrawals: what a person paid in as USDC and did not spend leaves by the way of payouts (`decisions.md` 14).

Card money goes back to its card alone, trial money and gifts to nobody; what a running answer holds counts as spent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.disputes.settling import lift
from app.domain.errors import BadField, NotFound, Refused
from app.domain.ids import as_id
from app.domain.ledger.accounts import Account, Kind, parse
from app.domain.ledger.apply import apply_all
from app.domain.ledger.folding import lock_balance
from app.domain.ledger.operations import Operation, Post, Transfer
from app.domain.ledger.tables import LedgerAccount
from app.domain.money import Environment, environment_of_chain
from app.domain.payouts import addresses, desk
from app.domain.payouts.requests import New, click_of, find_clicked, take_turn, transit_of, units_to_pay, write
from app.domain.payouts.rules import PayoutRules, nanos_of
from app.domain.payouts.tables import Payout, PayoutKind
from app.domain.transactions.world import world_of
from app.domain.wallets import lots
from app.domain.wallets.shared import shared_account
from app.domain.wallets.tables import LotMethod, SharedWallet
from app.domain.wallets.trial import INSTANCE

WITHDRAWAL, RETURNED = "withdrawal", "withdrawal_returned"
FROZEN = "Your wallet is frozen, and gives nothing back until that is settled."
Beside = Callable[[], Sequence[Operation]]
"""What is locked and changed before the lots are, and what the ledger is to be asked for it."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a person asks for: `units` None is all that can go. `click` is of one button that was shown."""

    person_id: str
    environment: Environment
    chain_id: int
    address: str
    click: str
    units: int | None = None
    kind: PayoutKind = PayoutKind.WITHDRAWAL


@dataclass(frozen=True, slots=True)
class Unspent:
    """What of a wallet can be withdrawn now, in nanos, as far as its lots were brought; `is_frozen`: nothing.

    Beside it what is held, what came by card, and what came in another way that it cannot go back by.
    """

    nanos: int = 0
    is_frozen: bool = False
    held_nanos: int = 0
    card_nanos: int = 0
    other_nanos: int = 0


def read_unspent(session: Session, wallet: Account) -> Unspent:
    """Returns what of a shared wallet can be withdrawn, without a lock: a page shows it."""
    row, has = session.get(SharedWallet, wallet.owner), session.get(LedgerAccount, wallet.id)
    is_frozen = row is not None and row.frozen_at is not None
    if has is None:
        return Unspent(is_frozen=is_frozen)
    purse = lots.read_purse(session, wallet.owner)
    by_card, other = (sum(lot.left for lot in purse.lots.values() if lot.method is method)
                      for method in (LotMethod.CARD, LotMethod.OTHER))  # fmt: skip
    there = 0 if is_frozen else max(min(purse.withdrawable(has.held), has.posted - has.held), 0)
    return Unspent(there, is_frozen, has.held, by_card, other)


def request(
    session: Session, rules: PayoutRules, asked: Withdrawal, beside: Beside = list
) -> tuple[Payout, bool]:  # fmt: skip
    """Writes a withdrawal and moves its money to transit; returns it, and whether it is new. The same click asks once.

    It waits for an operator where it is above a limit. Raises Refused for a frozen wallet, another environment's chain
    or one whose payouts are paused, BadField for an amount that is not there or too little.
    """
    take_turn(session, asked.chain_id)
    wallet = shared_account(asked.person_id, asked.environment)
    click = click_of(asked.person_id, wallet.owner, asked.click)
    if (found := find_clicked(session, click)) is not None:
        return found, False
    if asked.environment is not environment_of_chain(asked.chain_id):
        raise Refused(f"This chain has no {asked.environment.value} money.")
    desk.check_goes_on(session, asked.chain_id)
    operations = beside()
    units = units_to_pay(rules, asked.kind, asked.units, _lock_unspent(session, wallet))
    new = New(asked.environment, asked.chain_id, asked.kind, asked.person_id, click, asked.address, units,
              wallet_id=wallet.owner)  # fmt: skip
    payout = write(session, rules, new)
    moved = Transfer(wallet, transit_of(payout), nanos_of(units), WITHDRAWAL)
    apply_all(session, [Post(f"payout:{payout.id}", (moved,)), *operations])
    return payout, True


def _lock_unspent(session: Session, wallet: Account) -> int:
    """Returns what can be withdrawn; until the transaction ends nobody spends it, and nobody freezes the wallet.

    Raises Refused for a frozen wallet, BadField for one that was never opened.
    """
    if session.get(SharedWallet, wallet.owner) is None:
        raise BadField("amount", "There is nothing in your wallet.")
    purse = lots.bring_up(session, wallet, lots.lock(session, wallet.owner))
    posted, held = lock_balance(session, wallet)
    row = session.get_one(SharedWallet, wallet.owner, with_for_update={"key_share": True}, populate_existing=True)
    if row.frozen_at is not None:
        raise Refused(FROZEN)
    return min(purse.withdrawable(held), posted - held)


def give_back(session: Session, payout: Payout, key: str) -> None:
    """Puts the money of a withdrawal that can never be paid back into its wallet, and what that lifts of a debt."""
    wallet = parse(session.get_one(SharedWallet, payout.wallet_id).account_id)
    nanos = nanos_of(payout.units)
    lifted = lift(session, wallet, nanos)
    apply_all(session, [Post(key, (Transfer(transit_of(payout), wallet, nanos, RETURNED),)), *lifted])


def moved_for_wallet(session: Session, wallet_id: str, payee: str, chain_id: int, units: int) -> tuple[Transfer, ...]:
    """Returns what is posted for a transfer to an address that a wallet's owner has proved, made by nobody we know.

    What the wallet has not free, the operator has paid. Raises NotFound, Refused.
    """
    row = session.get(SharedWallet, as_id(wallet_id))
    if row is None:
        raise NotFound(f"There is no shared wallet {wallet_id}.")
    wallet, environment = parse(row.account_id), environment_of_chain(chain_id)
    if wallet.environment is not environment:
        raise Refused(f"{wallet_id} is no wallet of {environment.value} money.")
    if not addresses.is_proved_of(session, row.person_id, payee):
        raise Refused(f"The owner of {wallet_id} has never confirmed {payee} as theirs.")
    lots.bring_up(session, wallet, lots.lock(session, wallet.owner))
    posted, held = lock_balance(session, wallet)
    nanos, world = nanos_of(units), world_of(environment, chain_id)
    there = min(max(posted - held, 0), nanos)
    parts = (
        (wallet, there, WITHDRAWAL),
        (wallet.beside(Kind.OPERATOR_CAPITAL, INSTANCE), nanos - there, "payout_booked"),
    )
    return tuple(Transfer(account, world, part, type_) for account, part, type_ in parts if part)
