"""The events that a request's row tells of, as far as it has come. Pure: the same row gives the same events."""

from collections.abc import Container, Iterator, Mapping
from decimal import Decimal
from typing import Any

from app.domain.events import catalogue
from app.domain.events.made import Made, about, make
from app.domain.money import NANOS, format_decimal
from app.domain.paywalls.configuration import Disconnect
from app.domain.usage.requests import CLIENT_GONE, INTERRUPTED
from app.domain.usage.tables import RequestKind, RequestStatus

Row = Mapping[str, Any]
"""The columns of a request."""

_OUTPUT_KINDS = frozenset({"output", "reasoning", "audio_output"})
_NO_TOKENS = frozenset({"request"})
_LEFT = (Disconnect.CANCEL, Disconnect.FREE)
"""What a paywall may do when a client goes away, other than carrying the answer to its end."""


AT_ONCE = frozenset({catalogue.PROXY_STARTED, catalogue.USAGE_CHARGE_DEFERRED})
AT_END = frozenset({
    catalogue.PROXY_COMPLETED, catalogue.PROXY_FAILED, catalogue.PROXY_CANCELED, catalogue.USAGE_CHARGE_CREATED,
})  # fmt: skip
"""What is told of a chat as soon as it begins, and what once it has ended."""
OF_CHAT = AT_ONCE | AT_END
OF_MANUAL = frozenset({catalogue.CHARGE_CREATED, catalogue.CHARGE_COMPLETED})


def events_of(row: Row, told: Container[str]) -> Iterator[Made]:
    """Yields what is to be told of a request, of these events: its beginning, and its end once it has ended."""
    if row["kind"] == RequestKind.MANUAL:
        yield from (event for event in _manual(row) if event.type in told)
        return
    if catalogue.PROXY_STARTED in told:
        yield _make(row, catalogue.PROXY_STARTED, row["created_at"], _proxy(row))
    if row["streamed"] and catalogue.USAGE_CHARGE_DEFERRED in told:
        deferred = {"deferredRequestId": row["id"], "model": row["model"]}
        yield _make(row, catalogue.USAGE_CHARGE_DEFERRED, row["created_at"], deferred)
    if row["status"] != RequestStatus.RUNNING:
        yield from _end(row, told)


def _end(row: Row, told: Container[str]) -> Iterator[Made]:
    type_, error = _outcome(row)
    late = _late_nanos(row)
    first = row["charge_nanos"] - late
    if type_ in told:
        data = {**_proxy(row), "status": row["status"], "tokens": row["tokens"], "charge": format_decimal(first),
                "currency": row["unit"], **({"errorCode": error} if error else {})}  # fmt: skip
        yield _make(row, type_, row["finished_at"], data)
    if catalogue.USAGE_CHARGE_CREATED not in told:
        return
    if first:
        yield _usage_charge(row, row["receipt"] or {}, first)
    if late:
        yield _usage_charge(row, row["late"], late, "late")


def _outcome(row: Row) -> tuple[str, str | None]:
    """Returns how a request ended, and the code of its error if it failed.

    One that was finished after its process had been given up for lost has failed: that was told first, perhaps.
    """
    receipt = row["receipt"] or {}
    failure = receipt.get("failure")
    if row["status"] == RequestStatus.INTERRUPTED or row["late"] is not None:
        return catalogue.PROXY_FAILED, INTERRUPTED
    if failure == CLIENT_GONE or (failure is None and receipt.get("disconnect") in _LEFT):
        return catalogue.PROXY_CANCELED, None
    if failure is not None or row["status"] == RequestStatus.RELEASED:
        return catalogue.PROXY_FAILED, failure or "not_charged"
    return catalogue.PROXY_COMPLETED, None


def _late_nanos(row: Row) -> int:
    """Returns what a settlement that came late added to the charge."""
    parts = (row["late"] or {}).get("split", {})
    return int(sum(map(Decimal, parts.values())) * NANOS)


def _usage_charge(row: Row, receipt: Mapping[str, Any], nanos: int, source: str = "") -> Made:
    lines = [line for line in receipt.get("lines", ()) if line["kind"] not in _NO_TOKENS]
    output = sum(line["tokens"] for line in lines if line["kind"] in _OUTPUT_KINDS)
    data = {
        "activityId": row["id"],
        "requestId": row["id"],
        "model": row["model"],
        "promptTokens": sum(line["tokens"] for line in lines) - output,
        "completionTokens": output,
        "cost": format_decimal(nanos),
        "currency": row["unit"],
        "estimated": bool(receipt.get("estimated")),
        "split": receipt.get("split"),
    }
    return _make(row, catalogue.USAGE_CHARGE_CREATED, row["finished_at"], data, source)


def _manual(row: Row) -> Iterator[Made]:
    receipt = row["receipt"] or {}
    fee = (receipt.get("split") or {}).get("platform", "0")
    made = {"activityId": row["id"], "requestId": row["id"], "amount": format_decimal(row["charge_nanos"]),
            "processingFeeAmount": fee, "currency": row["unit"], "metadata": receipt.get("details")}  # fmt: skip
    yield _make(row, catalogue.CHARGE_CREATED, row["created_at"], made)
    settled = {"activityId": row["id"], "requestId": row["id"], "settlementReference": row["id"]}
    yield _make(row, catalogue.CHARGE_COMPLETED, row["finished_at"], settled)


def _proxy(row: Row) -> dict[str, Any]:
    return {"requestId": row["id"], "model": row["model"], "clientRequestId": row["client_request_id"],
            "streamed": bool(row["streamed"])}  # fmt: skip


def _make(row: Row, type_: str, at: int, data: Mapping[str, Any], source: str = "") -> Made:
    whole = {**about(row["paywall_id"], row["external_id"]), **data}
    return make(row["paywall_id"], type_, f"{row['id']}{source}", whole, at)
