"""Payouts are requested: the money leaves available earnings at once, what the paywall owes is repaid first.

What a person withdraws is written by the same hand (`write`), and counts against the same limits.

Whoever asks for one, lets one through or takes one back has the chain's turn, so that limits count all of them.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.earnings.earnings import lock_maturity, pending_account, read_earnings
from app.domain.errors import BadField, NotFound, Refused, WrongMode
from app.domain.ids import as_id, derived_id, new_id
from app.domain.instance import instance
from app.domain.ledger.accounts import Account, Kind, account_of
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment, Unit, environment_of_chain, format_finely
from app.domain.payouts.rules import PayoutRules, nanos_of, nonce_of, units_of
from app.domain.payouts.tables import Payout, PayoutDesk, PayoutKind, PayoutStatus
from app.domain.paywalls.members import read_owner
from app.domain.paywalls.paywall import lock_paywall
from app.domain.paywalls.tables import PaywallMember, PaywallRow
from app.domain.turns import take_turns
from app.domain.wallets.tables import SharedWallet
from app.sql.columns import table_of

_PAYOUTS = table_of(Payout)
REPAID = "shortfall_repaid"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for: `units` None is all that is available. `click` is of one button that was shown."""

    paywall_id: str
    chain_id: int
    address: str
    asked_by: str
    click: str
    units: int | None = None
    kind: PayoutKind = PayoutKind.EARNINGS


@dataclass(frozen=True, slots=True)
class New:
    """A payout that is to be written, of a paywall's money or a wallet's."""

    environment: Environment
    chain_id: int
    kind: PayoutKind
    asked_by: str
    click_id: str
    address: str
    units: int
    paywall_id: str | None = None
    wallet_id: str | None = None


def take_turn(session: Session, chain_id: int) -> None:
    """Waits until nobody else asks for, lets through or takes back a payout of a chain, until the transaction ends."""
    take_turns(session, f"payouts:{chain_id}")


def transit_of(payout: Payout) -> Account:
    """Returns where a payout's money stands meanwhile."""
    return account_of(payout.environment, Unit.USDC, Kind.PAYOUT_TRANSIT, payout.id)


def request(session: Session, rules: PayoutRules, asked: Asked) -> tuple[Payout, bool]:
    """Writes a payout and moves its money to transit; returns it, and whether it is new. The same click asks once.

    It waits for an operator where it is above a limit. Raises WrongMode, Refused with the reason, BadField for an
    amount that is not there or too little.
    """
    take_turn(session, asked.chain_id)
    click = click_of(asked.asked_by, asked.paywall_id, asked.click)
    if (found := find_clicked(session, click)) is not None:
        return found, False
    paywall = lock_paywall(session, asked.paywall_id)
    if not paywall.rules.is_split:
        raise WrongMode("Users of this paywall pay into your own account; there are no earnings to pay out.")
    if paywall.environment is not environment_of_chain(asked.chain_id):
        raise Refused(f"{paywall.id} has no {environment_of_chain(asked.chain_id).value} earnings.")
    _check_others(session, asked.paywall_id)
    pending = pending_account(paywall.environment, paywall.id)
    lock_maturity(session, pending.id)
    earned = read_earnings(session, paywall.environment, paywall.id)
    repaid = min(earned.owed_nanos, max(earned.available_nanos, 0))
    units = units_to_pay(rules, asked.kind, asked.units, earned.available_nanos - repaid)
    new = New(paywall.environment, asked.chain_id, asked.kind, asked.asked_by, click, asked.address, units,
              paywall_id=paywall.id)  # fmt: skip
    payout = write(session, rules, new)
    earnings, shortfall = (pending.beside(kind, paywall.id) for kind in (Kind.EARNINGS, Kind.SHORTFALL))
    moved = [Transfer(earnings, transit_of(payout), nanos_of(units), "payout")]
    if repaid:
        moved.append(Transfer(earnings, shortfall, repaid, REPAID))
    apply_one(session, Post(f"payout:{payout.id}", tuple(moved)))
    return payout, True


def click_of(asked_by: str, source_id: str, click: str) -> str:
    """Returns the name under which a click asks once, of one paywall's or wallet's money."""
    return derived_id("click", asked_by, source_id, click)


def find_clicked(session: Session, click_id: str) -> Payout | None:
    """Returns the payout that a click has asked for before; nobody else asks for one of its chain meanwhile."""
    return session.scalar(select(Payout).where(_PAYOUTS.c.click_id == click_id))


def write(session: Session, rules: PayoutRules, new: New) -> Payout:
    """Writes a payout whose money the caller moves; it waits for an operator where it is above a limit."""
    id_, now = new_id("pay"), clock.now()
    is_within = _is_within(session, rules, new.chain_id, new.units, now)
    payout = Payout(
        id=id_, kind=new.kind, environment=new.environment, chain_id=new.chain_id, paywall_id=new.paywall_id,
        wallet_id=new.wallet_id, asked_by=new.asked_by, click_id=new.click_id, address=new.address, units=new.units,
        nonce=nonce_of(instance.read_id(session), id_), since_block=_known_block(session, new.chain_id),
        status=PayoutStatus.REQUESTED if is_within else PayoutStatus.WAITING, created_at=now,
        released_at=now if is_within else None,
    )  # fmt: skip
    session.add(payout)
    session.flush()
    return payout


def units_to_pay(rules: PayoutRules, kind: PayoutKind, wanted: int | None, there_nanos: int) -> int:
    """Returns how much is paid of what is there: all of it where nobody says how much. Raises BadField."""
    there = max(units_of(there_nanos), 0)
    units = there if wanted is None else wanted
    if kind is not PayoutKind.TEST and units < rules.least_units:
        raise BadField("amount", f"A payout is at least {_usdc(rules.least_units)}.")
    if not 0 < units <= there:
        raise BadField("amount", f"{_usdc(there)} can be paid out now.")
    return units


def _usdc(units: int) -> str:
    return format_finely(nanos_of(units), Unit.USDC)


def _check_others(session: Session, paywall_id: str) -> None:
    """Raises Refused while another paywall of the same owner and environment owes something."""
    owner = read_owner(session, paywall_id)
    if owner is None:
        return
    paywalls, members = table_of(PaywallRow), table_of(PaywallMember)
    own = session.scalars(
        select(PaywallRow)
        .join(members, members.c.paywall_id == paywalls.c.id)
        .where(members.c.account_id == owner, paywalls.c.id != paywall_id)
        .order_by(paywalls.c.id)
    ).all()
    here = session.get_one(PaywallRow, paywall_id).environment
    for other in own:
        owes = other.environment == here and read_earnings(session, Environment(here), other.id).owed_nanos
        if owes:
            owed = format_finely(owes, Unit.USDC)
            raise Refused(f"Your paywall {other.id} owes {owed}; its earnings repay that before anything is paid out.")


def _known_block(session: Session, chain_id: int) -> int:
    desk = session.get(PayoutDesk, chain_id)
    return 0 if desk is None else desk.cursor_block


def _is_within(session: Session, rules: PayoutRules, chain_id: int, units: int, now: int) -> bool:
    """Tells whether a payout goes without an operator, given all that were let through in the last 24 hours."""
    if units > rules.payout_units_max:
        return False
    return units + released_units(session, chain_id, now - clock.DAY) <= rules.day_units_max


def released_units(session: Session, chain_id: int, since: int) -> int:
    """Returns how much of a chain was let through since a time and did not come back."""
    counted = (_PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.released_at > since,
               _PAYOUTS.c.status != PayoutStatus.RETURNED)  # fmt: skip
    return int(session.scalar(select(func.sum(_PAYOUTS.c.units)).where(*counted)) or 0)


def approve(session: Session, payout_id: str, by: str) -> bool:
    """Lets a payout through that waits for an operator; tells whether it waited.

    Raises Refused for one out of a wallet that was frozen since: what is disputed there may be this very money.
    """
    payout = lock(session, payout_id)
    if payout.status is not PayoutStatus.WAITING:
        return False
    wallet = None if payout.wallet_id is None else session.get(SharedWallet, payout.wallet_id, populate_existing=True)
    if wallet is not None and wallet.frozen_at is not None:
        raise Refused(f"{payout.wallet_id} is frozen. Take {payout.id} back, or thaw the wallet first.")
    payout.status, payout.released_at, payout.released_by = PayoutStatus.REQUESTED, clock.now(), by
    session.flush()
    return True


def lock(session: Session, payout_id: str) -> Payout:
    """Returns a payout, with its chain's turn and its row for the caller alone. Raises NotFound."""
    found = session.get(Payout, as_id(payout_id))
    if found is None:
        raise NotFound(f"There is no payout {payout_id}.")
    take_turn(session, found.chain_id)
    return session.get_one(Payout, found.id, with_for_update=True, populate_existing=True)


def withdraw(session: Session, payout_id: str, code: str) -> bool:
    """Lets a payout be paid no more, if the chain agrees; tells whether it could be. `code` says why.

    The money comes back when the chain says that it can never be paid, and not before: signatures may be on their way
    of which a restored database knows nothing.
    """
    payout = lock(session, payout_id)
    if payout.finished_at is not None or payout.status is PayoutStatus.CANCELING:
        return False
    payout.status, payout.error_code, payout.transaction_id = PayoutStatus.CANCELING, code, None
    session.flush()
    return True
