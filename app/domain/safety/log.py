"""The safety log: codes of what stopped requests, written with what ends them, and read by whose wallet it was."""

import re
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import ProviderFailed
from app.domain.ids import new_id
from app.domain.record import record
from app.domain.rows import RowInsert
from app.domain.safety.tables import SafetyKind, SafetyMark
from app.sql.columns import table_of

TABLE = table_of(SafetyMark)
_CODE = re.compile(r"[a-z0-9_.-]{1,64}", re.ASCII)
_FILTERS = ("content_filter", "content_policy", "moderation", "safety")
"""How providers' own codes begin of what a filter of theirs stopped."""
TOO_MANY, BAD_REQUEST, SERVER_ERROR = 429, 400, 500


@record(frozen=True, slots=True)
class Stopped:
    """Something that stopped a request or a part of its answer, and which; of several models, which one's part."""

    kind: SafetyKind
    code: str
    model: str | None = None


@record(frozen=True, slots=True)
class SafetyView:
    """A line of the log; `at` in microseconds since 1970."""

    id: str
    request_id: str
    paywall_id: str
    at: int
    kind: SafetyKind
    code: str
    model: str | None


def of_failure(failure: ProviderFailed) -> tuple[Stopped, ...]:
    """Returns what a provider's failure says of a request: nothing where it only failed."""
    said = failure.said.get("code")
    code = said.lower() if isinstance(said, str) and _CODE.fullmatch(said.lower()) else ""
    if code.startswith(_FILTERS):
        return (Stopped(SafetyKind.CONTENT_FILTER, code),)
    if failure.status is None or not BAD_REQUEST <= failure.status < SERVER_ERROR:
        return ()
    if failure.status == TOO_MANY:
        return (Stopped(SafetyKind.LIMIT, "provider_rate"),)
    return (Stopped(SafetyKind.PROVIDER_REFUSAL, f"status_{failure.status}"),)


def of_model(found: Sequence[Stopped], model: str) -> tuple[Stopped, ...]:
    """Returns what was found as what stopped one model's part."""
    return tuple(replace(one, model=model) for one in found)


def row_of(stopped: Stopped, request_id: str, paywall_id: str, wallet_id: str, model: str | None) -> RowInsert:
    """Returns the row of something that stopped a request."""
    return RowInsert(TABLE, {
        "id": new_id("sfm"), "request_id": request_id, "paywall_id": paywall_id, "wallet_id": wallet_id,
        "at": clock.now(), "kind": stopped.kind, "code": stopped.code[:64],
        "model": stopped.model or model,
    })  # fmt: skip


def read_newest(session: Session, wallet_ids: Sequence[str], most: int) -> list[SafetyView]:
    """Returns the newest lines of wallets, the newest first."""
    found: list[SafetyView] = []
    for wallet_id in wallet_ids:
        rows = session.execute(
            select(TABLE).where(TABLE.c.wallet_id == wallet_id).order_by(TABLE.c.id.desc()).limit(most)
        )
        found += [SafetyView(row.id, row.request_id, row.paywall_id, row.at, row.kind, row.code, row.model)
                  for row in rows]  # fmt: skip
    return sorted(found, key=lambda one: one.id, reverse=True)[:most]
