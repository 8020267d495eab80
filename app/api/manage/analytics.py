"""GET /manage/paywalls/{id}/analytics.csv and /manage/analytics.csv: sums that analytics show, as files of any length.

The first is of one paywall, the second of somebody's paywalls of one kind together.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from app import db, wiring
from app.api.manage.managing import manager_of, person_of
from app.api.v1.csv_lines import CSV, cell, line
from app.domain.analytics.groups import Asked, By, Group, Groups, read_groups
from app.domain.analytics.user_days import read_user_days, read_user_parts
from app.domain.errors import BadField
from app.domain.money import format_decimal
from app.domain.paywalls.keys import name_keys
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.names import TOGETHER_MAX, by_kind, list_owned, read_names
from app.domain.people.sessions import Person
from app.domain.rollups.reading import Counted, read_books
from app.domain.rollups.sums import Sums

router = APIRouter(prefix="/manage", include_in_schema=False)

BATCH = 1_000
"""How many lines are in memory at once; each batch is a transaction of its own."""
DAYS_AT_ONCE = 31
"""How many days are told apart at once: a file of years looks at each day once, not once for each batch."""
DAYS_MAX = 3_700
COLUMNS = ("requests", "gross", "refunds", "net", "provider_cost", "fee", "margin", "net_of_unknown_cost", "unit",
           "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Range:
    """What a file is asked for: days, and by which one or two things they are told apart."""

    first: Annotated[date, Query()]
    last: Annotated[date, Query()]
    by: Annotated[By, Query()] = By.DAY
    and_by: Annotated[By | None, Query(alias="and")] = None

    def of(self, paywalls: Sequence[str]) -> Asked:
        """Returns what is asked of some paywalls. Raises BadField for days that no file has.

        Users always stand day by day, whatever else they are told apart by, so that no number of them is too many.
        """
        if not 0 <= (self.last - self.first).days < DAYS_MAX:
            raise BadField("last", f"`last` must be a day from `first` on, at most {DAYS_MAX} days in all.")
        and_by = None if self.and_by is self.by else self.and_by
        return Asked(tuple(paywalls), self.first, self.last, self.by, and_by)


@router.get("/paywalls/{paywall_id}/analytics.csv")
async def get_analytics_csv(
    manager: Annotated[Manager, Depends(manager_of)], asked: Annotated[Range, Depends()]
) -> StreamingResponse:  # fmt: skip
    """Writes each part of the range that a paywall came to."""

    def begin(session: db.Session) -> Sequence[Counted]:
        check_may(session, manager, Act.READ)
        return read_books(session, [manager.paywall_id])

    wanted = asked.of([manager.paywall_id])
    return _answer(wanted, await db.in_transaction(begin), manager.paywall_id)


@router.get("/analytics.csv")
async def get_account_analytics_csv(
    person: Annotated[Person, Depends(person_of)], asked: Annotated[Range, Depends()], of: Annotated[str, Query()]
) -> StreamingResponse:  # fmt: skip
    """Writes each part of the range that the visitor's newest paywalls of a kind, such as `live-USD`, came to."""
    operators = wiring.get().settings.operators

    def begin(session: db.Session) -> Sequence[Counted]:
        chosen = by_kind(list_owned(session, person, operators, TOGETHER_MAX)).get(of, [])
        return read_books(session, [one.paywall.id for one in chosen])

    books = await db.in_transaction(begin)
    if not books:
        raise BadField("of", "`of` must be environment and unit of paywalls of yours, such as `live-USD`.")
    return _answer(asked.of([book.paywall_id for book in books]), books, of)


def _answer(asked: Asked, books: Sequence[Counted], name: str) -> StreamingResponse:
    by = "-".join(one.value for one in (asked.by, asked.and_by) if one is not None)
    headers = {"Content-Disposition": f'attachment; filename="{name}-{by}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(lines_of(asked, books), media_type=CSV, headers=headers)


async def lines_of(asked: Asked, books: Sequence[Counted]) -> AsyncIterator[bytes]:
    """Yields the head, and then the lines of batch after batch as each is read."""
    zones = ", ".join(sorted({book.zone for book in books}))
    days = [f"day ({zones})"] if asked.is_by_day or By.USER in asked.things else []
    users = ["users"] if not asked.things else []
    called = [f"{what.value}_name" for what in _called(asked)]
    told = (head for one in _named(asked) for head in _HEADS.get(one, [one.value]))
    yield line([*days, *told, *COLUMNS, *users, *called])
    unit = books[0].unit.value
    batches = _user_batches(asked) if By.USER in asked.things else _batches(asked)
    async for rows in batches:
        names = await _read_names(asked, rows)
        yield b"".join(_line(one, asked, unit, names) for one in rows)


_HEADS = {By.USER: ["paywall", "user"]}
"""The columns of what has more than one: a user is one of a paywall's."""


def _named(asked: Asked) -> Sequence[By]:
    """Returns what has columns beside days; a user's paywall stands with them anyway."""
    return [one for one in asked.things if one is not By.PAYWALL or By.USER not in asked.things]


def _called(asked: Asked) -> Sequence[By]:
    """Returns what has a name beside its id; names stand behind all that files had before them."""
    things = {By.PAYWALL if one is By.USER else one for one in asked.things}
    return [what for what in (By.KEY, By.PAYWALL) if what in things]


async def _read_names(asked: Asked, rows: Sequence[Group]) -> Mapping[By, Mapping[str, str]]:
    """Reads what the keys and paywalls of some parts are called, as on pages; revoked and archived ones too."""
    called = _called(asked)
    if not called:
        return {}
    keys = {name for one in rows for by, name in _names(one, asked) if by is By.KEY}
    paywalls = {name for one in rows for by, name in _names(one, asked) if by is By.PAYWALL}
    paywalls |= {one.paywall_id for one in rows}  # empty but for a user

    def read(session: db.Session) -> Mapping[By, Mapping[str, str]]:
        return {By.KEY: name_keys(session, keys), By.PAYWALL: read_names(session, paywalls)}

    return await db.in_transaction(read)


async def _batches(asked: Asked) -> AsyncIterator[Sequence[Group]]:
    """Yields parts in the order of a page: days the newest first, of each the dearest first."""
    for part in _spans(asked) if asked.is_by_day else [asked]:
        offset, is_more = 0, True
        while is_more:
            found: Groups = await db.in_transaction(partial(read_groups, asked=part, offset=offset, limit=BATCH))
            yield found.rows
            offset, is_more = offset + BATCH, found.is_more


def _spans(asked: Asked) -> Iterable[Asked]:
    last = asked.last
    while last >= asked.first:
        first = max(asked.first, last - timedelta(DAYS_AT_ONCE - 1))
        yield replace(asked, first=first, last=last)
        last = first - timedelta(1)


async def _user_batches(asked: Asked) -> AsyncIterator[Sequence[Group]]:
    """Yields days of users, each with its parts where users are told apart by something else too."""

    def read(session: db.Session, after: Group | None) -> tuple[Sequence[Group], Sequence[Group]]:
        days = read_user_days(session, asked, after, BATCH)
        return days, days if len(_named(asked)) == 1 else read_user_parts(session, asked, days)

    after: Group | None = None
    while True:
        days, rows = await db.in_transaction(partial(read, after=after))
        yield rows
        if len(days) < BATCH:
            return
        after = days[-1]


def _line(one: Group, asked: Asked, unit: str, called: Mapping[By, Mapping[str, str]]) -> bytes:
    day = [] if one.day is None else [one.day.isoformat()]
    names = [[one.paywall_id, cell(name)] if by is By.USER else [cell(name)] for by, name in _names(one, asked)]
    users = [] if one.users is None else [str(one.users)]
    ids = {By.PAYWALL: one.paywall_id, **dict(_names(one, asked))}
    last = [cell(called[what].get(ids[what], "")) for what in _called(asked)]
    return line([*day, *(word for words in names for word in words), *_cells(one.sums, unit), *users, *last])


def _names(one: Group, asked: Asked) -> Iterable[tuple[By, str]]:
    """Returns the names of a part in the order of the columns. In what `read_user_days` and `read_user_parts` return,
    a user comes first."""
    named = _named(asked)
    if By.USER not in named:
        return zip(named, (one.name, one.also), strict=False)
    return [(by, one.name if by is By.USER else one.also) for by in named]


def _cells(sums: Sums, unit: str) -> list[str]:
    def money(nanos: int | None) -> str:
        return "" if nanos is None else format_decimal(nanos)

    cost = None if sums.margin_nanos is None else sums.cost_nanos
    return [
        str(sums.requests), money(sums.gross_nanos), money(sums.refunds_nanos), money(sums.net_nanos), money(cost),
        money(sums.fee_nanos), money(sums.margin_nanos), money(sums.unknown_net_nanos), unit,
        str(sums.input_tokens), str(sums.cached_tokens), str(sums.output_tokens), str(sums.reasoning_tokens),
    ]  # fmt: skip
