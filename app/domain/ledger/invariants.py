"""What must always hold of the ledger, checked row by row in constant memory; `ledger.md` numbers the promises.

All of it is read in one transaction that shows one snapshot (`db.transaction(writes=False)`), so that
it can run while others write.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import Executable, RowMapping, text
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import NEVER_BELOW_ZERO, NO_TRIAL_MONEY, Kind
from app.domain.ledger.book import budget_set_id
from app.domain.ledger.operations import posting_hash
from app.sql.statements import Read

BATCH = 1_000
RANGE = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that a row breaks: which check, which row, and a sentence with the amounts."""

    check: str
    row: str
    message: str


Progress = Callable[[str, float], None]
"""Called with the name of a check and how much of it is done, 0 to 1."""


def check_all(session: Session, progress: Progress) -> Iterator[Finding]:
    """Yields what is broken. Reads every row of the ledger once, in batches."""
    for name, check in CHECKS.items():
        progress(name, 0)
        yield from check(session, partial(_share, progress, name))
        progress(name, 1)


def _share(progress: Progress, name: str, share: float) -> None:
    progress(name, min(share, 1))


def read_by_key(
    session: Session, statement: Executable, table: str, share_done: Callable[[float], None], key: str = "id"
) -> Iterator[RowMapping]:
    """Yields the rows of a statement that reads `:limit` rows of a table in the order of its key, after `:after`."""
    total = session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608 - a name of ours
    done, after = 0, ""
    while rows := session.execute(statement, {"after": after, "limit": BATCH}).mappings().all():
        yield from rows
        done, after = done + len(rows), rows[-1][key]
        share_done(done / max(total, 1))


def _zero_sums(session: Session, share_done: Callable[[float], None]) -> Iterator[Finding]:
    """1: per unit and environment, the sum over all accounts is 0."""
    statement = text(
        "SELECT a.environment, a.unit, sum(a.posted + coalesce((SELECT sum(d.amount) FROM ledger_delta d"
        " WHERE d.account_id = a.id), 0)) AS total FROM ledger_account a GROUP BY a.environment, a.unit"
    )
    for row in session.execute(statement):
        if row.total:
            subject = f"{row.environment}:{row.unit}"
            yield Finding("zero_sum", subject, f"All accounts of {subject} together have {row.total} nanos, not 0.")


ACCOUNTS = """
    SELECT a.id, a.kind, a.held, a.posted
        + coalesce((SELECT sum(d.amount) FROM ledger_delta d WHERE d.account_id = a.id), 0) AS balance,
        coalesce((SELECT sum(t.amount) FROM ledger_transfer t WHERE t.credit_account_id = a.id), 0)
        - coalesce((SELECT sum(t.amount) FROM ledger_transfer t WHERE t.debit_account_id = a.id), 0) AS moved
    FROM ledger_account a
"""
"""Accounts with what they hold, have, and what their transfers come to."""
_ACCOUNTS = text(f"{ACCOUNTS} WHERE a.id > :after ORDER BY a.id LIMIT :limit")
_CHARGED_BACK = text(
    "SELECT coalesce(sum(t.amount), 0) FROM ledger_transfer t JOIN ledger_posting p ON p.id = t.posting_id"
    " WHERE t.debit_account_id = :account AND p.is_chargeback = 1"
)


def _balances(session: Session, share_done: Callable[[float], None]) -> Iterator[Finding]:
    """2 and 3: each balance is the sum of its transfers, and none is below zero that may not be."""
    for row in read_by_key(session, _ACCOUNTS, "ledger_account", share_done):
        yield from check_balance(session, row)


def check_balance(session: Session, row: RowMapping) -> Iterator[Finding]:
    """Yields what is broken of an account, a row of `ACCOUNTS`."""
    if row["balance"] != row["moved"]:
        message = f"{row['id']} has {row['balance']} nanos and its transfers come to {row['moved']}."
        yield Finding("balance", row["id"], message)
    free = int(row["balance"]) - int(row["held"])
    if free < 0 and row["kind"] in NEVER_BELOW_ZERO:
        charged_back = session.execute(_CHARGED_BACK, {"account": row["id"]}).scalar_one()
        if row["kind"] != Kind.WALLET or -free > charged_back:
            message = f"{row['id']} is {-free} nanos below zero and {charged_back} were charged back."
            yield Finding("floor", row["id"], message)


_HELD = text("""
    SELECT a.id, a.held, coalesce(CASE a.kind WHEN 'wallet' THEN h.of_wallet WHEN 'promo' THEN h.of_promo END, 0)
        AS of_holds
    FROM ledger_account a LEFT JOIN (
        SELECT account_id, sum(amount - from_promo) AS of_wallet, sum(from_promo) AS of_promo
        FROM ledger_hold WHERE status = 'open' GROUP BY account_id
    ) h ON h.account_id = a.environment || ':' || a.unit || ':wallet:' || a.owner
    WHERE a.held <> coalesce(CASE a.kind WHEN 'wallet' THEN h.of_wallet WHEN 'promo' THEN h.of_promo END, 0)
""")


def _held(session: Session, share_done: Callable[[float], None]) -> Iterator[Finding]:
    """2: what an account holds is the sum of its open holds."""
    for row in session.execute(_HELD):
        yield Finding("held", row.id, f"{row.id} holds {row.held} nanos and its open holds come to {row.of_holds}.")


# All holds are summed up once, by their sets, and not again for each budget of each set.
_BUDGETS = text("""
    SELECT b.id, b.cap, b.spent, b.held, b.overrun, coalesce(c.charged, 0) AS charged, coalesce(c.open, 0) AS open
    FROM ledger_budget b LEFT JOIN (
        SELECT m.budget_id, sum(h.charged) AS charged, sum(h.open) AS open
        FROM ledger_budget_set_member m JOIN (
            SELECT budget_set, sum(charged) AS charged, sum(CASE status WHEN 'open' THEN amount ELSE 0 END) AS open
            FROM ledger_hold WHERE budget_set IS NOT NULL GROUP BY budget_set
        ) h ON h.budget_set = m.set_id
        GROUP BY m.budget_id
    ) c ON c.budget_id = b.id
    ORDER BY b.id
""").execution_options(yield_per=BATCH)
_SETS = text("""
    SELECT s.id, m.budget_id FROM ledger_budget_set s LEFT JOIN ledger_budget_set_member m ON m.set_id = s.id
    ORDER BY s.id, m.budget_id
""").execution_options(yield_per=BATCH)


def _budgets(session: Session, share_done: Callable[[float], None]) -> Iterator[Finding]:
    """2 and 3: each budget is the sum of its charges and holds, above its cap only by what a lowered cap left."""
    for set_id, members in groupby(session.execute(_SETS), key=lambda row: row.id):
        budgets = tuple(row.budget_id for row in members if row.budget_id is not None)
        if budget_set_id(budgets) != set_id:
            yield Finding("budget_set", set_id, f"The set {set_id} is not of the {len(budgets)} budgets that it names.")
    for row in session.execute(_BUDGETS).mappings():
        yield from check_budget(row, row["charged"], row["open"])


def check_budget(row: Mapping[Any, Any], charged: int, still_open: int) -> Iterator[Finding]:
    """Yields what is broken of a budget, with what its charges and its open holds come to."""
    if (row["spent"], row["held"]) != (charged, still_open):
        message = (
            f"{row['id']} has spent {row['spent']} and holds {row['held']} nanos;"
            f" its charges come to {charged} and its open holds to {still_open}."
        )
        yield Finding("budget", row["id"], message)
    above = row["spent"] + row["held"] - row["cap"]
    if above > row["overrun"]:
        message = f"{row['id']} is {above} nanos above its cap, and {row['overrun']} when that was lowered."
        yield Finding("cap", row["id"], message)


# The `|| ''` keeps SQLite from looking through all transfers of a wallet for each of its holds.
HOLDS = """
    SELECT h.id, h.charged, coalesce((SELECT sum(t.amount) FROM ledger_transfer t
            WHERE t.posting_id IN ('settle:' || h.id, 'late:' || h.id, 'charge:' || h.id)
            AND t.debit_account_id || '' IN (a.id, a.environment || ':' || a.unit || ':promo:' || a.owner)), 0) AS taken
    FROM ledger_hold h JOIN ledger_account a ON a.id = h.account_id
"""
"""Holds with what they charged, and what their transfers took."""
_HOLDS = text(f"{HOLDS} WHERE h.id > :after ORDER BY h.id LIMIT :limit")


def _charges(session: Session, share_done: Callable[[float], None]) -> Iterator[Finding]:
    """2 and 5: each charge is what its transfers took."""
    for row in read_by_key(session, _HOLDS, "ledger_hold", share_done):
        yield from check_charge(row)


def check_charge(row: RowMapping) -> Iterator[Finding]:
    """Yields what is broken of a hold, a row of `HOLDS`."""
    if row["charged"] != row["taken"]:
        message = f"{row['id']} charged {row['charged']} nanos and its transfers took {row['taken']}."
        yield Finding("charge", row["id"], message)


POSTINGS = "SELECT id, inputs_hash, is_chargeback, created_at FROM ledger_posting"
_POSTINGS = text(f"{POSTINGS} WHERE id > :after ORDER BY id LIMIT :limit")
_LINES = Read(
    "SELECT posting_id, debit_account_id, credit_account_id, amount, type FROM ledger_transfer"
    " WHERE posting_id IN ? ORDER BY posting_id, line"
)


def _postings(session: Session, share_done: Callable[[float], None]) -> Iterator[Finding]:
    """5: each posting's transfers are what was posted, to the hash."""
    batch: list[RowMapping] = []
    for row in read_by_key(session, _POSTINGS, "ledger_posting", share_done):
        batch.append(row)
        if len(batch) == BATCH:
            yield from changed_postings(session, batch)
            batch.clear()
    yield from changed_postings(session, batch)


def changed_postings(session: Session, postings: Sequence[RowMapping]) -> Iterator[Finding]:
    """Yields the postings, rows of `POSTINGS`, whose transfers are not what was posted."""
    lines: dict[str, list[tuple[str, str, int, str]]] = defaultdict(list)
    for posting_id, *line in _LINES.rows(session.connection(), [posting["id"] for posting in postings]):
        lines[posting_id].append(tuple(line))
    for posting in postings:
        key = posting["id"]
        if posting_hash(bool(posting["is_chargeback"]), lines[key]) != posting["inputs_hash"]:
            yield Finding("posting", key, f"The {len(lines[key])} transfers of {key} are not what was posted.")


_BROKEN_TRANSFERS = text(f"""
    SELECT t.id, t.posting_id, t.debit_account_id, t.credit_account_id,
        p.id IS NULL AND h.id IS NULL AS is_orphan
    FROM ledger_transfer t
    LEFT JOIN ledger_account debit ON debit.id = t.debit_account_id
    LEFT JOIN ledger_account credit ON credit.id = t.credit_account_id
    LEFT JOIN ledger_posting p ON p.id = t.posting_id
    LEFT JOIN ledger_hold h ON h.id = CASE WHEN t.posting_id LIKE 'settle:%' THEN substr(t.posting_id, 8)
        WHEN t.posting_id LIKE 'charge:%' THEN substr(t.posting_id, 8)
        WHEN t.posting_id LIKE 'late:%' THEN substr(t.posting_id, 6) END
    WHERE t.id > :after AND t.id <= :last AND (
        debit.id IS NULL OR credit.id IS NULL
        OR debit.environment <> credit.environment OR debit.unit <> credit.unit
        OR (p.id IS NULL AND h.id IS NULL)
        OR (debit.kind = 'promo' AND credit.kind IN ({", ".join(f"'{kind}'" for kind in sorted(NO_TRIAL_MONEY))}))
    ) ORDER BY t.id
""")  # noqa: S608 - names of our own kinds


def _transfers(session: Session, share_done: Callable[[float], None]) -> Iterator[Finding]:
    """1 and 5: each transfer stays in one unit and environment, belongs to a posting or a charge, and no
    trial money leaves."""
    newest = newest_transfer(session)
    for after in range(0, newest, RANGE):
        yield from broken_transfers(session, after, after + RANGE)
        share_done((after + RANGE) / newest)


def newest_transfer(session: Session) -> int:
    """Returns the id of the newest transfer, 0 before the first."""
    return int(session.execute(text("SELECT coalesce(max(id), 0) FROM ledger_transfer")).scalar_one())


def broken_transfers(session: Session, after: int, last: int) -> Iterator[Finding]:
    """Yields what is broken of the transfers after one id up to another."""
    for row in session.execute(_BROKEN_TRANSFERS, {"after": after, "last": last}):
        what = "belongs to no posting" if row.is_orphan else "can not be"
        message = f"The transfer from {row.debit_account_id} to {row.credit_account_id} in {row.posting_id} {what}."
        yield Finding("transfer", str(row.id), message)


_TRIGGERS = {
    "sqlite": "SELECT count(*) = 2 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger_transfer'"
    " AND name IN ('ledger_transfer_no_update', 'ledger_transfer_no_delete')",
    "postgresql": "SELECT count(*) = 1 FROM pg_trigger WHERE tgrelid = 'ledger_transfer'::regclass"
    " AND tgname = 'ledger_transfer_append_only' AND tgenabled IN ('O', 'A')",
}


def _append_only(session: Session, share_done: Callable[[float], None]) -> Iterator[Finding]:
    """5: the database still refuses to change or delete a transfer."""
    if not session.execute(text(_TRIGGERS[session.get_bind().dialect.name])).scalar_one():
        yield Finding("append_only", "ledger_transfer", "Transfers can be changed: a trigger is missing or disabled.")


CHECKS: dict[str, Callable[[Session, Callable[[float], None]], Iterator[Finding]]] = {
    "sums": _zero_sums,
    "balances": _balances,
    "held": _held,
    "budgets": _budgets,
    "charges": _charges,
    "postings": _postings,
    "transfers": _transfers,
    "append-only": _append_only,
}
