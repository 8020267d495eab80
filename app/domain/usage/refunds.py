"""The row of a refund of a request's charge: a request of its own, finished when it is written."""

from collections.abc import Mapping
from typing import Any

from app.domain import clock
from app.domain.money import format_decimal
from app.domain.rows import RowInsert
from app.domain.usage.requests import TABLE
from app.domain.usage.tables import RequestKind, RequestStatus

_OF_THE_CHARGE = ("paywall_id", "wallet_id", "external_id", "model", "provider", "unit", "session", "agent")


def record_refund(charged: Mapping[str, Any], refund_id: str, amount_nanos: int, fee_nanos: int) -> RowInsert:
    """Returns the row of a refund of what `charged`, a request's row, was charged; `fee_nanos` came from the platform.

    Its `charge_nanos` are what went back, and its receipt says from whom.
    """
    now = clock.now()
    split = {"provider": 0, "platform": fee_nanos, "developer": amount_nanos - fee_nanos}
    return RowInsert(TABLE, {name: charged[name] for name in _OF_THE_CHARGE} | {
        "id": refund_id,
        "kind": RequestKind.REFUND,
        "status": RequestStatus.SETTLED,
        "billing_source": charged["billing_source"],
        "streamed": 0,
        "hold_nanos": 0,
        "charge_nanos": amount_nanos,
        "receipt": {"refund_of": charged["id"],
                    "split": {name: format_decimal(nanos) for name, nanos in split.items()}},
        "created_at": now,
        "finished_at": now,
        "refund_of": charged["id"],
    })  # fmt: skip
