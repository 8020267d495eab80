"""Finished requests as they are counted, and what the ledger posted of them, read for many at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.money import Unit
from app.domain.paywalls.modes import Mode
from app.domain.rollups.parts import Line, Part, Row, parts_of
from app.domain.usage.requests import hold_id
from app.domain.usage.tables import RequestKind, is_due
from app.sql.statements import Read

_COLUMNS = """
    SELECT r.id, r.paywall_id, w.mode, r.unit, r.kind, r.external_id, coalesce(r.model, '') AS model,
        coalesce(r.key_id, o.key_id, '') AS key_id, r.billing_source AS source, r.provider, p.source AS source_of_price,
        r.charge_nanos, coalesce(r.provider_cost_nanos, o.provider_cost_nanos) AS reported_nanos,
        coalesce(o.receipt, r.receipt) AS receipt, r.late,
        CASE r.kind WHEN 'refund' THEN r.receipt END AS given_back, r.finished_at, r.counted_nanos,
        r.counted_late IS NOT NULL AS is_late_counted
    FROM request r JOIN paywall w ON w.id = r.paywall_id
    LEFT JOIN request o ON o.id = r.refund_of
    LEFT JOIN model_price p ON p.id = coalesce(r.price_id, o.price_id)
"""
_DUE = f"{_COLUMNS} WHERE {is_due('r.')}"
_FIRST, _OWN = " ORDER BY r.finished_at LIMIT :limit", " AND r.paywall_id = :paywall_id"
# A row that somebody else has at the moment is counted by the next run: nobody waits in a circle.
_SKIP = " FOR NO KEY UPDATE OF r SKIP LOCKED"
_DUE_ROWS = {"sqlite": text(_DUE + _FIRST), "postgresql": text(_DUE + _FIRST + _SKIP)}
_DUE_ROWS_OF_ONE = {"sqlite": text(_DUE + _OWN + _FIRST), "postgresql": text(_DUE + _OWN + _FIRST + _SKIP)}
_OF_PAYWALL = text(f"{_COLUMNS} WHERE r.paywall_id = :paywall_id AND r.id > :after ORDER BY r.id LIMIT :limit")
_LINES = Read(
    "SELECT posting_id, debit_account_id, credit_account_id, amount, created_at FROM ledger_transfer"
    " WHERE posting_id IN ?"
)
_CHARGES = Read("SELECT request_id, id FROM ledger_hold WHERE request_id IN ?")


def lock_due(session: Session, limit: int, paywall_id: str | None = None) -> list[Row]:
    """Returns up to `limit` requests that are due, of one paywall if given, those that ended first, locked until the
    transaction ends."""
    statements = _DUE_ROWS if paywall_id is None else _DUE_ROWS_OF_ONE
    values = {"limit": limit} if paywall_id is None else {"limit": limit, "paywall_id": paywall_id}
    return [_row(found) for found in session.execute(statements[session.get_bind().dialect.name], values).all()]


def read_rows(session: Session, paywall_id: str, after: str, limit: int) -> tuple[list[Row], str | None]:
    """Returns the ended ones of the next `limit` requests of a paywall in the order of their ids, and the last of these
    ids; None where there are no more."""
    values = {"paywall_id": paywall_id, "after": after, "limit": limit}
    found = session.execute(_OF_PAYWALL, values).all()
    last = found[-1].id if len(found) == limit else None
    return [_row(one) for one in found if one.finished_at is not None], last


def read_parts(session: Session, rows: Sequence[Row]) -> Iterable[tuple[Row, Sequence[Part]]]:
    """Yields what each request adds, by what the ledger posted of it."""
    first = _postings(session, rows)
    late = {row.id: f"late:{hold_id(row.id)}" for row in rows if row.is_late}
    lines = _read_lines(session, [*first.values(), *late.values()])
    for row in rows:
        yield row, parts_of(row, lines.get(first.get(row.id, ""), ()), lines.get(late.get(row.id, ""), ()))


def _postings(session: Session, rows: Sequence[Row]) -> Mapping[str, str]:
    """Returns the posting of each request that has one by its kind. A manual charge's has a name of its own."""
    named = {row.id: _posting(row) for row in rows if row.kind is not RequestKind.MANUAL}
    manual = [row.id for row in rows if row.kind is RequestKind.MANUAL]
    return named | {request: f"charge:{charge}" for request, charge in _CHARGES.rows(session.connection(), manual)}


def _posting(row: Row) -> str:
    return f"charge_refund:{row.id}" if row.is_refund else f"settle:{hold_id(row.id)}"


def _read_lines(session: Session, postings: Sequence[str]) -> Mapping[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for posting, debit, credit, nanos, at in _LINES.rows(session.connection(), postings):
        line = Line(debit.split(":", 3)[2], credit.split(":", 3)[2], nanos, at)  # the kind is the third of an address
        found.setdefault(posting, []).append(line)
    return found


_MODES, _UNITS = {mode.value: mode for mode in Mode}, {unit.value: unit for unit in Unit}
_KINDS = {kind.value: kind for kind in RequestKind}


def _row(found: Sequence[Any]) -> Row:
    """Returns a row of `_COLUMNS`, whose order is that of the fields."""
    values = list(found)
    values[2:5] = _MODES[found[2]], _UNITS[found[3]], _KINDS[found[4]]
    values[-1] = bool(found[-1])
    return Row(*values)
