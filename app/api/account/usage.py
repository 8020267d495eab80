"""GET /api/v1/usage/…: what an account's credits paid for, added up and request by request."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query

from app import db
from app.api.account.owner import Own
from app.api.common.listing import check_word
from app.domain import clock
from app.domain.analytics.own import LOOKED_MAX, By, Sum, Use, read_usage
from app.domain.legs.sharing import in_whole
from app.domain.money import CREDITS_PER_DOLLAR, NANOS
from app.domain.usage.tables import RequestMode

router = APIRouter(prefix="/api/v1/usage", tags=["account"])
CHAT = "chat"
MODES = (CHAT, *RequestMode)
DAYS_MAX, PAGE_MAX, OFFSET_MAX = 90, 100, 10_000

Days = Annotated[int, Query(ge=1, le=DAYS_MAX)]


@router.get("/summary")
async def get_summary(own: Own, days: Days = 7) -> dict[str, Any]:
    """Adds up what was asked in some days, with credits and with own keys; `looked_back_to` where not all was read."""
    since = clock.now() - days * clock.DAY
    found = await db.in_transaction(lambda session: read_usage(session, [own.account.owner], since))
    totals = found.totals()
    return {
        "days": days,
        "requests": sum(not use.is_refund for use in found.uses),
        "tokens": sum(total.tokens for total in totals),
        **_money(sum(total.charged for total in totals)),
        "by_model": _sums(found.by(By.MODEL)),
        "by_session": _sums(found.by(By.SESSION)),
        "by_order": _sums(found.by(By.ORDER)),
        "by_billing_source": _sums(totals, "billing_source"),
        "looked_back_to": None if found.looked_until is None else clock.to_iso(found.looked_until),
    }


@router.get("/recent")
async def list_recent(
    own: Own,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 20,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0,
    days: Days = 30,
    kind: Annotated[str | None, Query(alias="mode")] = None,
) -> list[dict[str, Any]]:
    """Lists what was asked in some days, the newest first."""
    check_word(kind, "mode", MODES)
    since, most = clock.now() - days * clock.DAY, limit + offset if kind is None else LOOKED_MAX
    found = await db.in_transaction(lambda session: read_usage(session, [own.account.owner], since, most))
    uses = [use for use in found.uses if kind in {None, _kind_of(use)}]
    return [_line(use) for use in uses[offset : offset + limit]]


def _sums(sums: Sequence[Sum], named: str = "name") -> list[dict[str, Any]]:
    """Returns what parts came to; their whole credits come to those of all of it."""
    whole = in_whole([one.charged for one in sums], NANOS)
    return [
        {named: one.source if named == "billing_source" else one.name, "billing_source": one.source,
         "others": one.others, "requests": one.requests, "tokens": one.tokens, "credits_charged": charged,
         "cost": dollars_of(one.charged)}
        for one, charged in zip(sums, whole, strict=True)
    ]  # fmt: skip


def _kind_of(use: Use) -> str:
    return use.mode or CHAT


def _line(use: Use) -> dict[str, Any]:
    return {
        "id": use.id,
        "created_at": clock.to_iso(use.at),
        "mode": _kind_of(use),
        "model": use.model,
        "status": "running" if use.is_running else "refund" if use.is_refund else "ended",
        "tokens": use.tokens,
        "credits_reserved": 0 if use.is_refund else use.reserved // NANOS,
        **_money(use.charged),
        "billing_source": use.source,
        "session": use.session,
        "order": use.order,
    }


def _money(nanos: int) -> dict[str, Any]:
    """Returns what was charged, whole credits, and the same in dollars."""
    return {"credits_charged": nanos // NANOS, "cost": dollars_of(nanos)}


def dollars_of(nanos: int) -> float:
    """Returns an amount of credits in dollars, with at most 9 decimals."""
    return round(nanos / NANOS / CREDITS_PER_DOLLAR, 9)
