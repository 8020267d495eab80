"""GET /manage/paywalls/{id}/analytics.csv: the sums that analytics show, as a file of any length."""

from collections.abc import AsyncIterator, Iterable
from datetime import date
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from app import db
from app.api.manage.managing import manager_of
from app.api.v1.csv_lines import CSV, cell, line
from app.domain.analytics.groups import Asked, By, Group, Groups, read_groups, read_user_days
from app.domain.errors import BadField
from app.domain.money import format_decimal
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.rollups.reading import Counted, read_books
from app.domain.rollups.sums import Sums

router = APIRouter(prefix="/manage", include_in_schema=False)

BATCH = 1_000
"""How many lines are in memory at once; each batch is a transaction of its own."""
DAYS_MAX = 3_700
COLUMNS = ("requests", "gross", "refunds", "net", "provider_cost", "fee", "margin", "net_of_unknown_cost", "unit",
           "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")  # fmt: skip


@router.get("/paywalls/{paywall_id}/analytics.csv")
async def get_analytics_csv(
    manager: Annotated[Manager, Depends(manager_of)],
    first: Annotated[date, Query()],
    last: Annotated[date, Query()],
    by: Annotated[By, Query()] = By.DAY,
    daily: Annotated[str, Query()] = "",
) -> StreamingResponse:
    """Writes each part of the range; users always day by day, so that no number of them is too many."""
    if not 0 <= (last - first).days < DAYS_MAX:
        raise BadField("last", f"`last` must be a day from `first` on, at most {DAYS_MAX} days in all.")
    asked = Asked(manager.paywall_id, first, last, by, is_by_day=daily == "1" or by in (By.USER, By.DAY))

    def begin(session: db.Session) -> Counted:
        check_may(session, manager, Act.READ)
        return read_books(session, [manager.paywall_id])[0]

    book = await db.in_transaction(begin)
    name = f"{manager.paywall_id}-{by.value}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines(asked, book), media_type=CSV, headers=headers)


async def _lines(asked: Asked, book: Counted) -> AsyncIterator[bytes]:
    named = [] if asked.by is By.DAY else [asked.by.value]
    yield line(([f"day ({book.zone})"] if asked.is_by_day else []) + named + [*COLUMNS])
    batches = _user_batches(asked) if asked.by is By.USER else _batches(asked)
    async for rows in batches:
        yield b"".join(_line(one, asked, book) for one in rows)


async def _batches(asked: Asked) -> AsyncIterator[Iterable[Group]]:
    offset, is_more = 0, True
    while is_more:
        found: Groups = await db.in_transaction(partial(read_groups, asked=asked, offset=offset, limit=BATCH))
        yield found.rows
        offset, is_more = offset + BATCH, found.is_more


async def _user_batches(asked: Asked) -> AsyncIterator[Iterable[Group]]:
    after: tuple[date, str] | None = None
    while True:
        rows = await db.in_transaction(partial(read_user_days, asked=asked, after=after, limit=BATCH))
        yield rows
        if len(rows) < BATCH or (last := rows[-1]).day is None:
            return
        after = (last.day, last.name)


def _line(one: Group, asked: Asked, book: Counted) -> bytes:
    day = [] if one.day is None else [one.day.isoformat()]
    name = [] if asked.by is By.DAY else [cell(one.name)]
    return line([*day, *name, *_cells(one.sums, book)])


def _cells(sums: Sums, book: Counted) -> list[str]:
    def money(nanos: int | None) -> str:
        return "" if nanos is None else format_decimal(nanos)

    cost = None if sums.margin_nanos is None else sums.cost_nanos
    return [
        str(sums.requests), money(sums.gross_nanos), money(sums.refunds_nanos), money(sums.net_nanos), money(cost),
        money(sums.fee_nanos), money(sums.margin_nanos), money(sums.unknown_net_nanos), book.unit.value,
        str(sums.input_tokens), str(sums.cached_tokens), str(sums.output_tokens), str(sums.reasoning_tokens),
    ]  # fmt: skip
