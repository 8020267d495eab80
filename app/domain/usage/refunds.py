"""The row of a refund of a request's charge: a request of its own, finished when it is written, one for each click."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import KeyReused
from app.domain.ids import as_id, derived_id
from app.domain.legs.legs import TABLE as LEGS
from app.domain.legs.legs import shares_of_refund
from app.domain.money import format_decimal
from app.domain.record import record
from app.domain.rows import RowInsert
from app.domain.usage.requests import TABLE
from app.domain.usage.tables import RequestKind, RequestStatus

_OF_THE_CHARGE = ("paywall_id", "wallet_id", "external_id", "model", "provider", "unit", "session", "agent", "mode")


def claim_of_click(request_id: str, click_id: str) -> str:
    """Returns what names the one refund of a request's charge that a click asks for, however often it is sent."""
    return derived_id("clk", request_id, as_id(click_id))


def find_refund(session: Session, request_id: str, claim_id: str, amount_nanos: int | None) -> str | None:
    """Returns the refund that a click asked for before, by its id; the charge is locked.

    Raises KeyReused if that was another amount.
    """
    of_click = (TABLE.c.refund_of == request_id, TABLE.c.claim_id == claim_id)
    row = session.execute(select(TABLE.c.id, TABLE.c.charge_nanos).where(*of_click)).first()
    if row is None:
        return None
    if amount_nanos is not None and row.charge_nanos != amount_nanos:
        raise KeyReused("This was asked before, for another amount.")
    return str(row.id)


@record(frozen=True, slots=True)
class Back:
    """What a refund gives back, in nanos: all of it, and what of that the platform gives.

    `before` is what each leg of the charge has given back before, by its number (`given_by_legs`).
    """

    amount: int
    fee: int = 0
    before: Mapping[int, int] = field(default_factory=dict)


def given_by_legs(session: Session, request_id: str) -> Mapping[int, int]:
    """Returns what the legs of a request's charge have given back so far, in nanos by their numbers; the charge is
    locked."""
    given = (
        select(LEGS.c.leg, func.sum(LEGS.c.charge_nanos))
        .join(TABLE, TABLE.c.id == LEGS.c.request_id)
        .where(TABLE.c.refund_of == request_id)
        .group_by(LEGS.c.leg)
    )
    return {leg: int(nanos) for leg, nanos in session.execute(given)}


def record_refund(charged: Mapping[str, Any], refund_id: str, claim_id: str, back: Back) -> RowInsert:
    """Returns the row of a refund of what `charged`, a request's row, was charged.

    Its `charge_nanos` are what went back, and its receipt says from whom, and what of it each leg gave back where
    several models were asked. `claim_id` names the click that asked.
    """
    now = clock.now()
    split = {"provider": 0, "platform": back.fee, "developer": back.amount - back.fee}
    given_back = shares_of_refund(charged["late"] or charged["receipt"] or {}, back.amount, back.before)
    return RowInsert(TABLE, {name: charged[name] for name in _OF_THE_CHARGE} | {
        "id": refund_id,
        "kind": RequestKind.REFUND,
        "status": RequestStatus.SETTLED,
        "billing_source": charged["billing_source"],
        "order_id": charged["order_id"],
        "streamed": 0,
        "hold_nanos": 0,
        "charge_nanos": back.amount,
        "receipt": {"refund_of": charged["id"],
                    "split": {name: format_decimal(nanos) for name, nanos in split.items()},
                    **({"given_back": given_back} if given_back else {})},
        "created_at": now,
        "finished_at": now,
        "refund_of": charged["id"],
        "claim_id": claim_id,
    })  # fmt: skip
