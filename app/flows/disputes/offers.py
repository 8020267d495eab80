"""What of their top-ups a person can have back now, and what went back of them before (`decisions.md` 13).

A page reads it without a lock, from lots that were brought near to now before; whoever asks for money back reads it
with everything locked (`read_offer`), and that is what counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.cards import auto_topup
from app.domain.cards.tables import Card, CardCharge, Switch
from app.domain.disputes.settling import read_taken, refundable_cents
from app.domain.disputes.tables import Dispute, Funds
from app.domain.errors import NotFound
from app.domain.ids import as_id
from app.domain.inbox.connections import SANDBOX, read_connection
from app.domain.ledger.accounts import Account, parse
from app.domain.ledger.folding import lock_balance
from app.domain.ledger.tables import LedgerAccount
from app.domain.money import Environment, Unit, nanos_of_cents
from app.domain.people.sessions import Person
from app.domain.refunds.tables import Refund, RefundStatus
from app.domain.topups import topups
from app.domain.topups.tables import Topup, TopupStatus
from app.domain.wallets import lots, shared
from app.domain.wallets.shared import OWN_UNITS, shared_account, shared_wallet_id
from app.domain.wallets.tables import Lot
from app.flows.disputes.lots import catch_up, has_moved
from app.sql.columns import table_of

REFUND_DAYS = 14
"""How long after paying a user can have back by themselves what is unspent."""

_TOPUPS, _LOTS, _REFUNDS, _DISPUTES = table_of(Topup), table_of(Lot), table_of(Refund), table_of(Dispute)


class Refusal(StrEnum):
    """Why nothing of a top-up can be had back."""

    FROZEN = "Your wallet is frozen, and gives nothing back until that is settled."
    """A dispute or a warning is not settled, or an operator froze it."""
    OLD = f"Payments can be given back for {REFUND_DAYS} days."
    """It was paid too long ago."""
    GONE = "The account that this payment was made at is not connected any more."
    """Nobody can give anything back there: its key was deleted."""
    SPENT = "Nothing of this payment is left."
    """All of it is spent, held for a running answer, or went back before."""


@dataclass(frozen=True, slots=True)
class GoneBack:
    """A refund of a part of a top-up, and how it stands; `at` (microseconds) is when that began."""

    cents: int
    status: RefundStatus
    at: int


@dataclass(frozen=True, slots=True)
class RefundOffer:
    """What of a paid top-up its owner can have back: `cents`, until a time (microseconds); `refusal` says why not.

    `refunds` are what went before, `disputed_cents` what the payer's bank took back. `paid_cents` were paid, of which
    `credited_cents` reached the wallet.
    """

    cents: int
    until: int
    refusal: Refusal | None
    refunds: tuple[GoneBack, ...]
    disputed_cents: int
    paid_cents: int
    credited_cents: int


@dataclass(frozen=True, slots=True)
class RefundQuestion:
    """All that a person is told before they ask for money back. `unit` is the wallet's.

    `card` is the saved card that paid, None for one that was typed on the rail's page; `is_sandbox` says that no bank
    is behind it. `spent_nanos` of the top-up stay spent. `switches_off`: automatic top-up ends with it.
    """

    offer: RefundOffer
    unit: Unit
    spent_nanos: int
    card: str | None
    is_sandbox: bool
    switches_off: bool


def read_own_topup(session: Session, person: Person, topup_id: str) -> Topup:
    """Returns a person's own paid top-up of their shared wallet. Raises NotFound for any other."""
    topup = session.get(Topup, as_id(topup_id))
    wallets = {shared_wallet_id(person.account_id, environment, unit)
               for environment in Environment for unit in OWN_UNITS}  # fmt: skip
    if topup is None or topup.wallet_id not in wallets or topup.status is not TopupStatus.PAID:
        raise NotFound("There is no such top-up.")
    return topup


def offer(session: Session, topup: Topup) -> RefundOffer:
    """Says what of a locked top-up can go back; no charge spends it until the transaction ends."""
    account = parse(topup.account_id)
    purse = lots.bring_up(session, account, lots.lock(session, account.owner))
    posted, held = lock_balance(session, account)
    lot = purse.lots.get(topup.id)
    return _offer(session, topup, 0 if lot is None else lot.left, posted - held)


async def read_offer(person: Person, topup_id: str) -> RefundQuestion:
    """Returns what of a person's top-up they can have back now, with what that means. Raises NotFound."""
    found = await db.in_transaction(partial(read_own_topup, person=person, topup_id=topup_id))
    await catch_up(found.wallet_id)

    def read(session: Session) -> RefundQuestion:
        topup = topups.lock(session, found.connection_id, found.id)
        return _question(session, topup, offer(session, topup))

    return await db.in_transaction(read, writes=True)


async def bring_near(person: Person) -> None:
    """Brings the lots of a person's wallets near to now where a page may offer something of them back."""
    for account in (shared_account(person.account_id, where, unit) for where in Environment for unit in OWN_UNITS):
        if await db.in_transaction(partial(_is_behind, account=account)):
            await catch_up(account.owner)


def read_offers(session: Session, account: Account, topup_ids: Sequence[str]) -> Mapping[str, RefundOffer]:
    """Returns what of paid top-ups of a shared wallet can be had back, by top-up, as far as its lots were brought."""
    mine = (_TOPUPS.c.wallet_id == account.owner, _TOPUPS.c.status == TopupStatus.PAID)
    found = session.scalars(select(Topup).where(_TOPUPS.c.id.in_(topup_ids), *mine)).all()
    if not found:
        return {}
    # Trial money has an account of its own; it is never given back.
    has = session.get(LedgerAccount, account.id)
    free = 0 if has is None else has.posted - has.held
    rows = lots.read_purse(session, account.owner).lots
    return {one.id: _offer(session, one, rows[one.id].left if one.id in rows else 0, free) for one in found}


def _offer(session: Session, topup: Topup, left_nanos: int, free_nanos: int) -> RefundOffer:
    account, until = parse(topup.account_id), (topup.finished_at or 0) + REFUND_DAYS * clock.DAY
    # What is held is spent soon, and card money first.
    unspent = max(min(left_nanos, free_nanos), 0)
    cents = min(unspent // nanos_of_cents(1, account.unit), refundable_cents(session, topup))
    refusal = None
    if shared.is_frozen(session, account.owner):
        refusal = Refusal.FROZEN
    elif clock.now() > until:
        refusal = Refusal.OLD
    elif not read_connection(session, topup.connection_id).is_reachable:
        refusal = Refusal.GONE
    elif not cents:
        refusal = Refusal.SPENT
    return RefundOffer(
        cents=0 if refusal is not None else cents, until=until, refusal=refusal, refunds=_earlier(session, topup),
        disputed_cents=_disputed_cents(session, topup), paid_cents=topup.paid_cents,
        credited_cents=topup.credited_nanos // nanos_of_cents(1, account.unit),
    )  # fmt: skip


def _earlier(session: Session, topup: Topup) -> tuple[GoneBack, ...]:
    columns = (_REFUNDS.c.paid_cents, _REFUNDS.c.status, _REFUNDS.c.created_at, _REFUNDS.c.finished_at)
    found = select(*columns).where(_REFUNDS.c.topup_id == topup.id, _REFUNDS.c.payment_id == topup.payment_id)
    rows = session.execute(found.order_by(_REFUNDS.c.created_at, _REFUNDS.c.id))
    return tuple(GoneBack(row.paid_cents, row.status, row.finished_at or row.created_at) for row in rows)


def _disputed_cents(session: Session, topup: Topup) -> int:
    out = (_DISPUTES.c.topup_id == topup.id, _DISPUTES.c.funds == Funds.OUT)
    return int(session.scalar(select(func.coalesce(func.sum(_DISPUTES.c.amount_cents), 0)).where(*out)) or 0)


def _question(session: Session, topup: Topup, offered: RefundOffer) -> RefundQuestion:
    unit, taken = parse(topup.account_id).unit, read_taken(session, topup.id)
    left = topup.credited_nanos - taken.refunds - taken.disputes - offered.cents * nanos_of_cents(1, unit)
    charge = session.get(CardCharge, topup.id)
    card = None if charge is None else session.get(Card, charge.card_id)
    auto = auto_topup.find(session, topup.wallet_id)
    return RefundQuestion(
        offer=offered, unit=unit, spent_nanos=left, card=None if card is None else card_name(card),
        is_sandbox=topup.connection_id == SANDBOX, switches_off=auto is not None and auto.switch is not Switch.OFF,
    )  # fmt: skip


def card_name(card: Card) -> str:
    """Returns what a saved card is called in a sentence: `Visa ···4242`."""
    return f"{card.brand.title()} ···{card.last_four}"


def _is_behind(session: Session, account: Account) -> bool:
    """Tells whether a wallet has moved since its lots were brought up, and something could be given back of one."""
    young = clock.now() - REFUND_DAYS * clock.DAY
    lately = (_TOPUPS.c.wallet_id == account.owner, _TOPUPS.c.status == TopupStatus.PAID,
              _TOPUPS.c.finished_at > young)  # fmt: skip
    gone = _LOTS.c.spent_nanos + _LOTS.c.back_nanos + _LOTS.c.covered_nanos
    has_left = or_(_LOTS.c.id.is_(None), _LOTS.c.amount_nanos > gone)
    some = select(_TOPUPS.c.id).outerjoin(_LOTS, _LOTS.c.id == _TOPUPS.c.id).where(*lately, has_left)
    return session.scalar(some.limit(1)) is not None and has_moved(session, account)
