"""The ledger cut at a final block of each chain: what should be there, what is held elsewhere, and what is owed.

Deposits and payouts keep their block, and the cut takes back what was posted for those above it; no times are compared.
It is read on one snapshot (`db.in_transaction` without writes), so that it is exact while others post.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Account, Kind, account_of, parse
from app.domain.money import MICRO_NANOS, Environment, Unit
from app.domain.transactions.world import world_of

OWED: Mapping[Kind, str] = {
    Kind.WALLET: "wallets", Kind.PROMO: "trial_money", Kind.EARNINGS_PENDING: "earnings", Kind.EARNINGS: "earnings",
    Kind.PAYOUT_TRANSIT: "on_the_way", Kind.PROVIDER_PAYABLE: "providers",
}  # fmt: skip
"""Which accounts are what somebody can ask for, and under which name that is published."""
UNITS = (Unit.USDC, Unit.CREDIT)
"""What the operator holds. Dollars of a developer's own app are at that developer's rail."""


@dataclass(frozen=True, slots=True)
class Place:
    """A chain, and the final block up to which all that came in and went out is booked."""

    chain_id: int
    block: int


@dataclass(frozen=True, slots=True)
class Held:
    """What is owed of a unit, by name; what rails hold, as their books say; what is the operator's own. In nanos.

    What chains and rails hold is what is owed and the operator's own, because all accounts add up to zero.
    """

    owed: Mapping[str, int]
    rails: int
    own: int


@dataclass(frozen=True, slots=True)
class Cut:
    """The ledger at a block of each chain: nanos that should be on each, and what stands against all of it."""

    on_chain: Mapping[int, int]
    units: Mapping[Unit, Held]


_POSTED = text("""
    SELECT unit, kind, CASE kind WHEN 'world' THEN owner ELSE '' END AS owner, sum(posted) AS nanos
    FROM ledger_account WHERE environment = :environment AND unit <> 'USD' GROUP BY 1, 2, 3
""")
_DELTAS = text("""
    SELECT a.unit, a.kind, CASE a.kind WHEN 'world' THEN a.owner ELSE '' END AS owner, sum(d.amount) AS nanos
    FROM ledger_delta d JOIN ledger_account a ON a.id = d.account_id
    WHERE a.environment = :environment AND a.unit <> 'USD' GROUP BY 1, 2, 3
""")
_ABOVE = text("""
    SELECT debit_account_id, credit_account_id, amount FROM ledger_transfer WHERE posting_id IN (
        SELECT 'deposit:' || id FROM chain_arrival
            WHERE chain_id = :chain AND kind IN ('credited', 'funding') AND block > :block
        UNION ALL SELECT 'payout_paid:' || id FROM payout
            WHERE chain_id = :chain AND status = 'paid' AND paid_block > :block
        UNION ALL SELECT 'outgoing:' || id FROM treasury_transfer
            WHERE chain_id = :chain AND booked_as IS NOT NULL AND block > :block)
""")
_LEFT = text("""
    SELECT p.id, sum(t.units) FROM treasury_transfer t JOIN payout p ON p.id = t.booked_as
    WHERE t.chain_id = :chain AND t.block <= :block AND p.finished_at IS NULL GROUP BY p.id
""")


def read_cut(session: Session, environment: Environment, places: Sequence[Place]) -> Cut:
    """Returns the ledger of an environment as of a block of each chain."""
    sums: dict[Account, int] = defaultdict(int)
    for statement in (_POSTED, _DELTAS):
        for unit, kind, owner, nanos in session.execute(statement, {"environment": environment.value}):
            sums[account_of(environment, Unit(unit), Kind(kind), owner)] += int(nanos)
    for place in places:
        _take_back(session, sums, place)
        _let_go(session, sums, environment, place)
    worlds = {place.chain_id: world_of(environment, place.chain_id) for place in places}
    on_chain = {chain_id: -sums.pop(world, 0) for chain_id, world in worlds.items()}
    return Cut(on_chain, {unit: _held(sums, unit) for unit in UNITS})


def _take_back(session: Session, sums: dict[Account, int], place: Place) -> None:
    """Takes back what was posted for what came in and went out above the block."""
    for debit, credit, nanos in list_above(session, place):
        sums[_summed(debit)] += nanos
        sums[_summed(credit)] -= nanos


def _let_go(session: Session, sums: dict[Account, int], environment: Environment, place: Place) -> None:
    """Counts as gone what had left the treasury for a payout by then, and is not posted as paid yet."""
    units = sum(units for _, units in list_left(session, place))
    world = world_of(environment, place.chain_id)
    sums[world.beside(Kind.PAYOUT_TRANSIT, "")] -= units * MICRO_NANOS
    sums[world] += units * MICRO_NANOS


def list_above(session: Session, place: Place) -> list[tuple[str, str, int]]:
    """Returns what was posted for what came in and went out above a block: debit, credit and nanos."""
    found = session.execute(_ABOVE, {"chain": place.chain_id, "block": place.block})
    return [(debit, credit, int(nanos)) for debit, credit, nanos in found]


def list_left(session: Session, place: Place) -> list[tuple[str, int]]:
    """Returns the units that had left the treasury up to a block for payouts that are not posted as paid, by payout."""
    found = session.execute(_LEFT, {"chain": place.chain_id, "block": place.block})
    return [(payout_id, int(units)) for payout_id, units in found]


def _summed(account_id: str) -> Account:
    account = parse(account_id)
    return account if account.kind is Kind.WORLD else account.beside(account.kind, "")


def _held(sums: Mapping[Account, int], unit: Unit) -> Held:
    owed = dict.fromkeys(OWED.values(), 0)
    rails = own = 0
    for account, nanos in sums.items():
        if account.unit is not unit:
            continue
        if account.kind in OWED:
            owed[OWED[account.kind]] += nanos
        elif account.kind is Kind.WORLD:
            rails -= nanos
        else:
            own += nanos
    return Held(owed, rails, own)
