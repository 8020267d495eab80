"""What must hold of what was posted lately: the part of the audit whose work grows with what is new.

Every transfer after one is looked at, with its posting or hold and the wallets that it moved, and every posting and
hold that was made or ended since; sums over all accounts and all open holds are looked at as a whole, because they are
quick.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from sqlalchemy import RowMapping, Text, TextClause, bindparam, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ids import least_id
from app.domain.ledger.accounts import SHARED_BY_ALL, parse
from app.domain.ledger.invariants import (
    ACCOUNTS,
    CHECKS,
    HOLDS,
    POSTINGS,
    Finding,
    Progress,
    broken_transfers,
    changed_postings,
    check_balance,
    check_charge,
    newest_transfer,
)

TRANSFERS_AT_ONCE = 1_000
OVERLAP_MAX = 100_000
OVERLAP = 60 * clock.SECOND
MAKING = 300 * clock.SECOND
"""How much earlier than its row an id may have been made: a body may take long to arrive."""
WHOLE = ("sums", "held", "append-only")
"""What is looked at as a whole, by the names of `invariants.CHECKS`."""

_HOLD = "hold:"
_CHARGE = ("settle:", "late:", "charge:")
_TRANSFERS = text(
    "SELECT id, posting_id, debit_account_id, credit_account_id FROM ledger_transfer"
    " WHERE id > :after ORDER BY id LIMIT :limit"
)
_BEFORE = text(
    "SELECT min(id) FROM (SELECT id, created_at FROM ledger_transfer WHERE id <= :last ORDER BY id DESC LIMIT :limit) t"
    " WHERE t.created_at >= :since"
)


def _of_ids(statement: str, column: str) -> TextClause:
    return text(f"{statement} WHERE {column} IN :ids").bindparams(bindparam("ids", expanding=True, type_=Text()))


_HOLDS_SINCE = text(f"{HOLDS} WHERE h.id > :after AND h.id < :before ORDER BY h.id LIMIT :limit")
_POSTINGS_SINCE = text(
    f"{POSTINGS} WHERE created_at >= :since AND (created_at > :at OR id > :after) ORDER BY created_at, id LIMIT :limit"
)
_OLDEST_OPEN = text("SELECT min(created_at) FROM ledger_hold WHERE status = 'open'")
_ACCOUNTS_OF, _HOLDS_OF, _POSTINGS_OF = _of_ids(ACCOUNTS, "a.id"), _of_ids(HOLDS, "h.id"), _of_ids(POSTINGS, "id")


def step_back(session: Session, seen: int, at: int) -> int:
    """Returns the transfer to begin after, for who had seen all up to one at a time.

    Transactions that ran side by side may have landed in another order than that of their ids: what was posted within a
    minute before is looked at again.
    """
    values = {"last": seen, "limit": OVERLAP_MAX, "since": at - OVERLAP}
    first = session.execute(_BEFORE, values).scalar_one()
    return seen if first is None else min(int(first) - 1, seen)


def ended_before(session: Session, now: int) -> int:
    """Returns a time: what was made before it has ended."""
    oldest = session.execute(_OLDEST_OPEN).scalar_one()
    return min(now, now if oldest is None else int(oldest)) - MAKING


def check_since(session: Session, after: int, made_since: int, progress: Progress) -> Iterator[Finding]:
    """Yields what is broken of what was posted after a transfer, and of holds and postings made at a time or later."""
    for name in WHOLE:
        progress(name, 0)
        yield from CHECKS[name](session, partial(progress, name))
    newest, done = newest_transfer(session), after
    while lines := session.execute(_TRANSFERS, {"after": done, "limit": TRANSFERS_AT_ONCE}).mappings().all():
        last = int(lines[-1]["id"])
        yield from broken_transfers(session, done, last)
        yield from _check_lines(session, lines)
        done = last
        progress("new transfers", min((done - after) / max(newest - after, 1), 1))
    yield from _check_made(session, made_since)


def _check_lines(session: Session, lines: Sequence[RowMapping]) -> Iterator[Finding]:
    postings = {line["posting_id"] for line in lines}
    holds = {posting.partition(":")[2] for posting in postings if posting.startswith(_CHARGE)}
    for row in session.execute(_HOLDS_OF, {"ids": sorted(holds)}).mappings():
        yield from check_charge(row)
    others = sorted(posting for posting in postings if not posting.startswith(_CHARGE))
    yield from changed_postings(session, session.execute(_POSTINGS_OF, {"ids": others}).mappings().all())
    # What every request moves has as many transfers as there are requests: its balance is the whole audit's.
    moved = {line[side] for line in lines for side in ("debit_account_id", "credit_account_id")}
    own = sorted(account for account in moved if parse(account).kind not in SHARED_BY_ALL)
    for row in session.execute(_ACCOUNTS_OF, {"ids": own}).mappings():
        yield from check_balance(session, row)


def _check_made(session: Session, since: int) -> Iterator[Finding]:
    """What ended without a transfer has none by which it could be found."""
    asked = {"after": f"{_HOLD}{least_id('req', since)}", "before": f"{_HOLD}req`", "limit": TRANSFERS_AT_ONCE}
    while holds := session.execute(_HOLDS_SINCE, asked).mappings().all():
        for row in holds:
            yield from check_charge(row)
        asked["after"] = holds[-1]["id"]
    at: dict[str, object] = {"since": since, "at": since - 1, "after": "", "limit": TRANSFERS_AT_ONCE}
    while postings := session.execute(_POSTINGS_SINCE, at).mappings().all():
        yield from changed_postings(session, postings)
        last = postings[-1]
        at |= {"since": last["created_at"], "at": last["created_at"], "after": last["id"]}
