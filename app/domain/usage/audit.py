"""Every charge has one request and one receipt whose arithmetic gives the charge: promise 4 of `ledger.md`."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from sqlalchemy import RowMapping, Text, bindparam, text
from sqlalchemy.orm import Session

from app.domain.ids import least_id
from app.domain.ledger.invariants import Finding, Progress, read_by_key
from app.domain.money import NANOS, Unit, format_decimal
from app.domain.usage.tables import RequestStatus
from app.sql.columns import Json

REQUESTS_AT_ONCE = 1_000

_ROWS = """
    SELECT r.id, r.status, r.unit, r.charge_nanos, r.receipt, r.late,
        CASE WHEN r.kind = 'refund' THEN coalesce((SELECT sum(t.amount) FROM ledger_transfer t
            WHERE t.posting_id = 'charge_refund:' || r.id), 0)
        ELSE coalesce((SELECT sum(h.charged) FROM ledger_hold h WHERE h.request_id = r.id), 0) END AS charged,
        (SELECT coalesce(sum(b.charge_nanos), 0) FROM request b WHERE b.refund_of = r.id) AS refunded,
        (SELECT count(*) FROM ledger_hold h WHERE h.request_id = r.id AND h.status = 'open') AS open_holds,
        CASE WHEN r.mode IS NULL THEN 0 ELSE (SELECT coalesce(sum(l.charge_nanos), 0) FROM request_leg l
            WHERE l.request_id = r.id) END AS of_legs
    FROM request r
"""
_REQUESTS = text(f"{_ROWS} WHERE r.id > :after ORDER BY r.id LIMIT :limit").columns(receipt=Json, late=Json)
_SOME = (
    text(f"{_ROWS} WHERE r.id IN :ids")
    .bindparams(bindparam("ids", expanding=True, type_=Text()))
    .columns(receipt=Json, late=Json)
)
_MOVED = text("""
    SELECT t.request_id, max(t.id) AS last FROM (SELECT id, request_id FROM ledger_transfer
        WHERE id > :after ORDER BY id LIMIT :limit) t
    GROUP BY t.request_id
""")
_CHARGES = text("""
    SELECT h.id, h.charged, r.id AS request_id FROM ledger_hold h LEFT JOIN request r ON r.id = h.request_id
    WHERE h.id > :after ORDER BY h.id LIMIT :limit
""")


def check_all(session: Session, progress: Progress) -> Iterator[Finding]:
    """Yields what is broken, in constant memory; on the snapshot that the ledger was checked on."""
    progress("requests", 0)
    for row in read_by_key(session, _REQUESTS, "request", lambda share: progress("requests", min(share, 1))):
        yield from _check_request(row)
    progress("requests", 1)
    progress("receipts", 0)
    for row in read_by_key(session, _CHARGES, "ledger_hold", lambda share: progress("receipts", min(share, 1))):
        yield from _check_owner(row)
    progress("receipts", 1)


def check_since(session: Session, after: int, made_since: int, progress: Progress) -> Iterator[Finding]:
    """Yields what is broken of the requests for which money was moved after a transfer, or made at a time or later."""
    yield from _check_moved(session, after)
    progress("new requests", 0.5)
    asked = {"after": least_id("req", made_since), "limit": REQUESTS_AT_ONCE}
    while found := session.execute(_REQUESTS, asked).mappings().all():
        for row in found:
            yield from _check_request(row)
        asked["after"] = found[-1]["id"]
    asked["after"] = f"hold:{least_id('req', made_since)}"
    while charges := session.execute(_CHARGES, asked).mappings().all():
        for row in charges:
            yield from _check_owner(row)
        asked["after"] = charges[-1]["id"]
    progress("new requests", 1)


def _check_moved(session: Session, after: int) -> Iterator[Finding]:
    while rows := session.execute(_MOVED, {"after": after, "limit": REQUESTS_AT_ONCE}).all():
        after = max(row.last for row in rows)
        ids = {row.request_id for row in rows if row.request_id is not None}
        found = session.execute(_SOME, {"ids": sorted(ids)}).mappings().all()
        for row in found:
            yield from _check_request(row)
        for missing in sorted(ids - {row["id"] for row in found}):
            yield Finding("request", missing, f"Money was moved for {missing}, and there is no such request.")


def _check_owner(row: RowMapping) -> Iterator[Finding]:
    if row["charged"] and row["request_id"] is None:
        yield Finding("request", row["id"], f"{row['id']} charged {row['charged']} nanos for no request.")


def _check_request(row: RowMapping) -> Iterator[Finding]:
    charge = row["charge_nanos"]
    if charge != row["charged"]:
        message = f"{row['id']} says that it cost {charge} nanos and its holds charged {row['charged']}."
        yield Finding("request", row["id"], message)
    if row["refunded"] > charge:
        message = f"{row['id']} cost {charge} nanos and {row['refunded']} were given back of it."
        yield Finding("request", row["id"], message)
    if (row["status"] == RequestStatus.RUNNING) != bool(row["open_holds"]):
        message = f"{row['id']} is {row['status']} with {row['open_holds']} open holds."
        yield Finding("request", row["id"], message)
    if row["status"] == RequestStatus.RUNNING:
        return  # its receipt is a checkpoint's, and nothing has been charged
    unit, late = Unit(row["unit"]), row["late"]
    detail = late or row["receipt"] or {}
    if (detail.get("legs") or detail.get("given_back")) and row["of_legs"] != charge:
        message = f"{row['id']} cost {charge} nanos and its legs come to {row['of_legs']}."
        yield Finding("legs", row["id"], message)
    added = 0 if late is None else _split_nanos(late)
    for mistake in _mistakes(row["receipt"], charge - added, unit):
        yield Finding("receipt", row["id"], f"The receipt of {row['id']} {mistake}.")
    if late is not None and (added or _total_nanos(late, unit) > charge):
        for mistake in _mistakes(late, charge, unit, charge - added):
            yield Finding("receipt", row["id"], f"The late line of {row['id']} {mistake}.")


def _mistakes(receipt: Mapping[str, Any] | None, charge: int, unit: Unit, before: int = 0) -> Iterator[str]:
    """Yields what does not add up in a receipt, of whose charge `before` was taken before it."""
    if receipt is None:
        if charge:
            yield "is missing"
        return
    split = _split_nanos(receipt)
    if split != charge - before:
        yield f"splits {format_decimal(split)} and not {format_decimal(charge - before)}"
    if "lines" not in receipt and "legs" not in receipt:
        return
    for line in (*receipt.get("lines", ()), *(line for leg in receipt.get("legs", ()) for line in leg["lines"])):
        if line["tokens"] and line["kind"] != "request" and _nanos(line["amount"]) != _line_nanos(line):
            yield f"multiplies {line['tokens']} {line['kind']} tokens to {line['amount']}"
    for leg in receipt.get("legs", ()):
        if _with_markup(leg) != _nanos(leg["amount"]):
            yield f"makes {leg['amount']} of the lines of leg {leg['leg']}"
    if "legs" in receipt and (shared := sum(_nanos(leg["charge"]) for leg in receipt["legs"])) != charge:
        yield f"shares {format_decimal(int(shared))} among its legs and not {format_decimal(charge)}"
    wanted, due = _total_nanos(receipt, unit), charge + _shortfall_nanos(receipt)
    if wanted != due:
        yield f"comes to {format_decimal(wanted)} and not {format_decimal(due)}"


def _split_nanos(receipt: Mapping[str, Any]) -> int:
    return int(sum(_nanos(part) for part in (receipt.get("split") or {}).values()))


def _shortfall_nanos(receipt: Mapping[str, Any]) -> int:
    return int(_nanos(receipt.get("shortfall", "0")))


def _line_nanos(line: Mapping[str, Any]) -> Fraction:
    return _nanos(line["price_per_million"]) * int(line["tokens"]) / 1_000_000


def _total_nanos(receipt: Mapping[str, Any], unit: Unit) -> int:
    """Returns what the lines come to with markup and minimum, rounded once (`decisions.md` 1)."""
    exact = _with_markup(receipt) + sum(_nanos(leg["amount"]) for leg in receipt.get("legs", ()))
    minimum = _nanos(receipt.get("minimum", "0"))
    if unit is Unit.CREDIT:
        return -(-max(exact, minimum) // NANOS) * NANOS
    return max(int((exact + Fraction(1, 2)) // 1), int(minimum))


def _with_markup(priced: Mapping[str, Any]) -> Fraction:
    exact = sum((_nanos(line["amount"]) for line in priced.get("lines", ())), Fraction(0))
    return exact * (1 + Fraction(priced.get("markup_percent", 0)) / 100)


def _nanos(decimal: str) -> Fraction:
    return Fraction(decimal) * NANOS
