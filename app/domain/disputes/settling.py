"""What is taken back of a top-up is brought to what its refunds and disputes say, in one posting (`decisions.md` 13).

The rows of refunds and disputes are the truth; each change of what they come to is a row and a posting
`takeback:<top-up>:<n>`, so that events may come in any order, twice or late, and end in the same books.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.disputes import amounts
from app.domain.disputes.amounts import Taken
from app.domain.disputes.earnings import level, source_of
from app.domain.disputes.tables import Dispute, Funds, Takeback
from app.domain.earnings.takebacks import outstanding
from app.domain.ledger.accounts import Account, Kind, parse
from app.domain.ledger.apply import apply_all
from app.domain.ledger.folding import lock_balance
from app.domain.ledger.operations import BumpEpoch, Operation, Post, Transfer
from app.domain.money import Unit, nanos_of_cents
from app.domain.refunds.tables import TAKEBACKS, Refund, RefundReason, RefundStatus
from app.domain.topups.tables import Topup
from app.domain.wallets import freezes, lots
from app.domain.wallets.freezes import WalletAt, find_wallet
from app.domain.wallets.shared import epoch_subject
from app.domain.wallets.tables import FreezeReason, WalletLots
from app.domain.wallets.trial import INSTANCE
from app.sql.columns import table_of

REFUND, CHARGEBACK, WRITE_OFF_REPAID = "refund", "chargeback", "write_off_repaid"
_OPEN = (RefundStatus.ASKED, RefundStatus.PENDING)
_TAKEBACKS, _DISPUTES, _REFUNDS = table_of(Takeback), table_of(Dispute), table_of(Refund)


@dataclass(frozen=True, slots=True)
class Freezing:
    """A reason for which the wallet is to be frozen, or thawed where not `is_frozen`."""

    reason: FreezeReason
    source: str
    is_frozen: bool


Others = Callable[[], Sequence[Operation]]
"""What is locked and changed between refunds and lots, and what the ledger is to be asked for it."""


def read_taken(session: Session, topup_id: str) -> Taken:
    """Returns what is taken back of a top-up: the sum of its rows."""
    columns = (_TAKEBACKS.c.refunds_nanos, _TAKEBACKS.c.wallet_nanos, _TAKEBACKS.c.disputes_nanos)
    sums = [func.coalesce(func.sum(column), 0) for column in columns]
    row = session.execute(select(*sums).where(_TAKEBACKS.c.topup_id == topup_id)).one()
    return Taken(*(int(nanos) for nanos in row))


def list_disputed(session: Session, wallet_id: str) -> dict[str, int]:
    """Returns how much disputes have taken of a wallet's top-ups, by top-up."""
    topups, amount = table_of(Topup), func.sum(_TAKEBACKS.c.disputes_nanos)
    found = (
        select(_TAKEBACKS.c.topup_id, amount)
        .join(topups, topups.c.id == _TAKEBACKS.c.topup_id)
        .where(topups.c.wallet_id == wallet_id)
        .group_by(_TAKEBACKS.c.topup_id)
        .having(amount > 0)
    )
    return {topup_id: int(nanos) for topup_id, nanos in session.execute(found)}


def settle(session: Session, topup: Topup, freezings: tuple[Freezing, ...] = (), others: Others = list) -> Taken:
    """Posts what a locked, paid top-up's refunds and disputes have changed, and freezes or thaws its wallet.

    Returns what changed of what is taken back. Everything is one call of the ledger, what `others` returns included,
    which is asked once the refunds are locked and before lots are. Raises LedgerRefused.
    """
    wallet, refunds = find_wallet(session, topup.wallet_id), _refunds_of(session, topup)
    on_their_way = _move(session, refunds)
    more = others()
    books = lots.lock(session, wallet.id)
    if not has_bearer(wallet):
        lots.bring_up(session, wallet.account, books)
    balance, held = lock_balance(session, wallet.account)
    taken = read_taken(session, topup.id)
    changed = amounts.change(taken, *_targets(session, topup, refunds), balance - held)
    transfers, repaid = _transfers(topup, wallet, books, on_their_way, changed)
    operations: list[Operation] = []
    if transfers:
        # A refund is below zero only where a dispute of the same payment brought the wallet there.
        is_chargeback = changed.of_wallet > 0 and taken.disputes + changed.disputes > 0
        key = _note(session, topup, changed)
        operations.append(Post(key, tuple(transfers), is_chargeback))
    if not has_bearer(wallet):
        disputed = list_disputed(session, wallet.id)
        operations += level(session, wallet.account, books, disputed, balance - changed.of_wallet - repaid)
    operations += _freeze(session, wallet.id, freezings)
    if wallet.account.unit is Unit.CREDIT and changed != Taken():
        operations.append(BumpEpoch(epoch_subject(wallet.id)))  # what was paid may open no priced model any more
    apply_all(session, [*operations, *more])
    return changed


def lift(session: Session, wallet: Account, amount: int) -> list[Post]:
    """Returns what is to be posted with money that comes into a wallet: what it lifts of a debt, earnings had answered
    for and are reinstated. Nothing, as a rule, after one look."""
    if not outstanding(session, source_of(wallet)):
        return []
    books = lots.lock(session, wallet.owner)
    lots.bring_up(session, wallet, books)
    balance, _ = lock_balance(session, wallet)
    return level(session, wallet, books, list_disputed(session, wallet.owner), balance + amount)


def has_bearer(wallet: WalletAt) -> bool:
    """Tells whether a developer's revenue bears refunds of spent money: so it is with an app's own wallets."""
    return wallet.paywall_id is not None


def _bearer(wallet: WalletAt) -> Account:
    """Returns what refunds of spent money are taken from: the paywall's revenue, or the operator's capital."""
    if wallet.paywall_id is not None:
        return wallet.account.beside(Kind.REVENUE, wallet.paywall_id)
    return wallet.account.beside(Kind.OPERATOR_CAPITAL, INSTANCE)


def _refunds_of(session: Session, topup: Topup) -> list[Refund]:
    """Returns the refunds that take something back of what a top-up credited, locked."""
    of_payment = (_REFUNDS.c.topup_id == topup.id, _REFUNDS.c.payment_id == topup.payment_id)
    statement = select(Refund).where(*of_payment, _REFUNDS.c.reason.in_(TAKEBACKS)).order_by(_REFUNDS.c.id)
    return list(session.scalars(statement.with_for_update()))


def _targets(session: Session, topup: Topup, refunds: list[Refund]) -> tuple[int, int]:
    """Returns what refunds and disputes are to take back of a top-up; a refund for a warning counts as a dispute."""
    unit = parse(topup.account_id).unit
    live = [row for row in refunds if row.status is not RefundStatus.FAILED]
    by_refunds = sum(row.credited_nanos for row in live if row.reason is not RefundReason.WARNING)
    by_warnings = sum(row.credited_nanos for row in live if row.reason is RefundReason.WARNING)
    out = select(func.coalesce(func.sum(_DISPUTES.c.amount_cents), 0)).where(
        _DISPUTES.c.topup_id == topup.id, _DISPUTES.c.funds == Funds.OUT.value
    )
    disputed = nanos_of_cents(int(session.scalar(out) or 0), unit)
    return amounts.target(topup.credited_nanos, by_refunds, by_warnings + disputed)


def _move(session: Session, refunds: list[Refund]) -> list[tuple[Account, int, bool]]:
    """Notes what is on its way to payers now, and returns how that changed: on which account, by how much, and whether
    it counts as a dispute."""
    changes = []
    for row in refunds:
        stands = row.credited_nanos if row.status in _OPEN and row.account_id is not None else 0
        if row.account_id is not None and stands != row.transit_nanos:
            changes.append((parse(row.account_id), stands - row.transit_nanos, row.reason is RefundReason.WARNING))
            row.transit_nanos = stands
    session.flush()
    return changes


def _transfers(
    topup: Topup, wallet: WalletAt, books: WalletLots, on_their_way: list[tuple[Account, int, bool]], changed: Taken
) -> tuple[list[Transfer], int]:
    """Returns what moves, and what of it goes on from the wallet to repay what an operator had written off."""
    world = wallet.account.beside(Kind.WORLD, topup.connection_id)
    details: dict[str, object] = {"topup": topup.id, "payment": topup.payment_id}
    by_refunds = {wallet.account: -changed.from_wallet, _bearer(wallet): -changed.borne, world: changed.refunds}
    by_disputes = {wallet.account: -changed.disputes, world: changed.disputes}
    for account, delta, is_dispute in on_their_way:
        nets = by_disputes if is_dispute else by_refunds
        nets[account] = delta
        nets[world] -= delta
    found = amounts.transfers(by_refunds, REFUND, details) + amounts.transfers(by_disputes, CHARGEBACK, details)
    repaid = min(books.written_off_nanos, max(-changed.disputes, 0))
    if repaid:
        capital = wallet.account.beside(Kind.OPERATOR_CAPITAL, INSTANCE)
        found.append(Transfer(wallet.account, capital, repaid, WRITE_OFF_REPAID, details=details))
        books.written_off_nanos -= repaid
    return found, repaid


def _note(session: Session, topup: Topup, changed: Taken) -> str:
    """Writes the next row of a top-up, and returns the key of its posting."""
    newest = session.scalar(select(func.max(_TAKEBACKS.c.n)).where(_TAKEBACKS.c.topup_id == topup.id)) or 0
    session.add(
        Takeback(
            topup_id=topup.id, n=newest + 1, paywall_id=topup.paywall_id, external_id=topup.external_id,
            refunds_nanos=changed.refunds, wallet_nanos=changed.from_wallet, disputes_nanos=changed.disputes,
            created_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()
    return f"takeback:{topup.id}:{newest + 1}"


def _freeze(session: Session, wallet_id: str, freezings: tuple[Freezing, ...]) -> list[BumpEpoch]:
    bumps: list[BumpEpoch] = []
    for one in freezings:
        act = freezes.freeze if one.is_frozen else freezes.thaw
        bumps += act(session, wallet_id, one.reason, one.source)
    return bumps


def refundable_cents(session: Session, topup: Topup) -> int:
    """Returns how much of a locked, paid top-up can still be given back, in whole cents of what was credited."""
    taken = read_taken(session, topup.id)
    a_cent = nanos_of_cents(1, Unit(parse(topup.account_id).unit))
    return max(topup.credited_nanos - taken.refunds - taken.disputes, 0) // a_cent
