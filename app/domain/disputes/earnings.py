"""Earnings answer for a shared wallet that disputes took below zero: what the disputed top-ups paid, newest first.

What is taken back follows from two sums alone, what those top-ups paid and what the wallet owes, so that the order in
which disputes, top-ups and refunds come makes no difference: it is the newest of what they paid, as much as is owed.
What was taken last is reinstated first.
"""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.domain.earnings.takebacks import TAKEN_BACK, Taking, outstanding, reinstate, take
from app.domain.ledger.accounts import Account, Kind, parse
from app.domain.ledger.operations import Post, Transfer
from app.domain.wallets import lots
from app.domain.wallets.tables import WalletLots
from app.domain.wallets.trial import INSTANCE


def source_of(wallet: Account) -> str:
    """Returns for whose sake earnings are taken back that answer for a wallet."""
    return f"wallet:{wallet.owner}"


def level(session: Session, wallet: Account, row: WalletLots, disputed: Mapping[str, int], balance: int) -> list[Post]:
    """Takes back or reinstates what a wallet calls for that will have this balance.

    `disputed` says how much of which top-ups disputes have taken. Its lots row is locked, and the lots are brought up
    if any top-up is disputed. Returns what is to be posted in the same call as what changes the balance.
    """
    owed = max(-balance, 0) + row.written_off_nanos
    wanted = _wanted(session, disputed, owed)
    source, capital = source_of(wallet), wallet.beside(Kind.OPERATOR_CAPITAL, INSTANCE)
    now = outstanding(session, source)
    moved: list[Transfer] = []
    # In one order, so that no two who lock the earnings of several paywalls wait for each other.
    for account_id in sorted(now.keys() | wanted.keys()):
        pending, own = parse(account_id), wanted.get(account_id, {})
        more = sum(own.values()) - now.get(account_id, 0)
        if more > 0:
            moved += take(session, pending, more, Taking(source, capital, TAKEN_BACK, tuple(own)))
        elif more < 0:
            moved += reinstate(session, pending, -more, source, capital)
    if not moved:
        return []
    row.postings += 1
    session.flush()
    return [Post(f"earnings_back:{wallet.owner}:{row.postings}", tuple(moved))]


def _wanted(session: Session, disputed: Mapping[str, int], owed: int) -> dict[str, dict[int, int]]:
    """Returns which earnings answer for a debt, by pending account and transfer, the newest first."""
    if not owed:
        return {}
    paid: list[tuple[int, str, int]] = []
    for lot_id, most in disputed.items():
        for one in lots.list_paid(session, lot_id):
            part = min(one.amount_nanos, most)
            most -= part
            if part:
                paid.append((one.earning_id, one.account_id, part))
    found: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for earning_id, account_id, nanos in sorted(paid, reverse=True):
        part = min(nanos, owed)
        owed -= part
        if part:
            found[account_id][earning_id] += part
    return found
