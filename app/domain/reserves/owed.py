"""What is owed to each account at the cut that a report is of: the leaves of the tree over it.

It is read on the snapshot on which the cut is read, and comes to the same sums.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import BindParameter, bindparam, text
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Kind, account_of, parse
from app.domain.money import MICRO_NANOS, Environment, Unit
from app.domain.reserves.cut import OWED, Place, list_above, list_left

_KINDS: BindParameter[str] = bindparam("kinds", expanding=True)
_POSTED = text("""
    SELECT id, posted FROM ledger_account
    WHERE environment = :environment AND unit <> 'USD' AND posted <> 0 AND kind IN :kinds
""").bindparams(_KINDS)
_DELTAS = text("""
    SELECT a.id, sum(d.amount) FROM ledger_delta d JOIN ledger_account a ON a.id = d.account_id
    WHERE a.environment = :environment AND a.unit <> 'USD' AND a.kind IN :kinds GROUP BY a.id
""").bindparams(_KINDS)


def read_owed(session: Session, environment: Environment, places: Sequence[Place]) -> Mapping[str, int]:
    """Returns the nanos that each account is owed, by its id, below zero for one that owes; none that has nothing."""
    owed: dict[str, int] = defaultdict(int)
    asked = {"environment": environment.value, "kinds": [kind.value for kind in OWED]}
    for statement in (_POSTED, _DELTAS):
        for account_id, nanos in session.execute(statement, asked):
            owed[account_id] += int(nanos)
    for place in places:
        for debit, credit, nanos in list_above(session, place):
            owed[debit] += nanos
            owed[credit] -= nanos
        for payout_id, units in list_left(session, place):
            transit = account_of(environment, Unit.USDC, Kind.PAYOUT_TRANSIT, payout_id)
            owed[transit.id] -= units * MICRO_NANOS
    return {account_id: nanos for account_id, nanos in owed.items() if nanos and parse(account_id).kind in OWED}
