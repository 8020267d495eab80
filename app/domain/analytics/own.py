"""What somebody's own wallets paid for, whichever app asked: by model, app, order and session, and request by request.

Sums are added up of the requests that were looked at, in whole numbers; of each unit and billing source by itself. What
asked several models is told apart by them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Select, bindparam, select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.analytics.uses import COLUMNS, with_parts
from app.domain.credits.history import reserved_of
from app.domain.ids import least_id
from app.domain.money import Unit
from app.domain.usage.request_list import PREFIX
from app.domain.usage.requests import TABLE
from app.domain.usage.tables import OWN_WALLETS, RequestKind, RequestStatus

LOOKED_MAX = 20_000
"""How many requests are looked at, the newest; it is said how far that went back."""
LINES_MAX = 10


class By(StrEnum):
    """What uses are told apart by."""

    MODEL = "model"
    """The model, empty where the app charged by itself."""
    APP = "app"
    """The paywall, by its id."""
    ORDER = "order"
    """The order that it was filed under."""
    SESSION = "session"
    """The app's own word for a session."""


@dataclass(frozen=True, slots=True)
class UsePart:
    """What a request used of one model, and who paid for that."""

    model: str
    source: str
    tokens: int
    charged: int


@dataclass(frozen=True, slots=True)
class Use:
    """One request. `reserved` is what was held for it and `charged` what it cost, in nanos of `unit`; credits reserve
    by the mode, as their history says.

    Of a refund `charged` is below zero, and it is no request. `legs` are the parts of one that asked several models.
    """

    id: str
    at: int
    paywall_id: str
    model: str | None
    order: str | None
    session: str | None
    source: str
    unit: Unit
    is_running: bool
    is_refund: bool
    tokens: int
    reserved: int
    charged: int
    mode: str | None = None
    """How it asked several models, None where it asked one."""
    legs: Sequence[UsePart] = ()

    @property
    def parts(self) -> Sequence[UsePart]:
        """Its legs, or itself where it has none."""
        return self.legs or (UsePart(self.model or "", self.source, self.tokens, self.charged),)


@dataclass(frozen=True, slots=True)
class Sum:
    """What uses of one name, unit and billing source came to; of `others` names, where it is what many came to."""

    name: str
    unit: Unit
    source: str
    requests: int
    tokens: int
    charged: int
    others: int = 0


@dataclass(frozen=True, slots=True)
class OwnUsage:
    """All of it, the newest use first; where not all was looked at, back to `looked_until` (microseconds)."""

    uses: Sequence[Use]
    looked_until: int | None

    def totals(self) -> Sequence[Sum]:
        """Returns what everything came to."""
        return add_up(self.uses, lambda _use, _part: "")

    def by(self, by: By) -> Sequence[Sum]:
        """Returns what it came to by something, the dearest first; those behind them are one for each unit and source.

        What has no such name is left out.
        """
        names: Mapping[By, NameOf] = {
            By.MODEL: lambda _use, part: part.model, By.APP: lambda use, _part: use.paywall_id,
            By.ORDER: lambda use, _part: use.order, By.SESSION: lambda use, _part: use.session,
        }  # fmt: skip
        lines = add_up(self.uses, names[by])
        return [*lines[:LINES_MAX], *_together(lines[LINES_MAX:])]


NameOf = Callable[[Use, UsePart], str | None]
"""What a part of a use is called; None for what has no such name."""


def _together(lines: Sequence[Sum]) -> Iterator[Sum]:
    """Yields what lines of one unit and source came to; one that is alone is itself."""
    found: dict[tuple[Unit, str], list[Sum]] = {}
    for line in lines:
        found.setdefault((line.unit, line.source), []).append(line)
    for (unit, source), same in found.items():
        requests, tokens, charged = (
            sum(each) for each in zip(*((line.requests, line.tokens, line.charged) for line in same), strict=True)
        )
        yield same[0] if len(same) == 1 else Sum("", unit, source, requests, tokens, charged, others=len(same))


def add_up(uses: Sequence[Use], name_of: NameOf) -> Sequence[Sum]:
    """Returns the sums of uses by their name, the dearest first. A use counts once in each line that it has a part
    in."""
    found: dict[tuple[str, Unit, str], list[int]] = {}
    for use in uses:
        counted = set[tuple[str, Unit, str]]()
        for part in use.parts:
            name = name_of(use, part)
            if name is None:
                continue
            line = (name, use.unit, part.source)
            sums = found.setdefault(line, [0, 0, 0])
            is_request = not use.is_refund and line not in counted
            counted.add(line)
            for place, more in enumerate((int(is_request), part.tokens, part.charged)):
                sums[place] += more
    lines = [Sum(name, unit, source, *sums) for (name, unit, source), sums in found.items()]
    return sorted(lines, key=lambda line: (-line.charged, -line.requests, line.name, line.source))


def read_usage(session: Session, wallet_ids: Sequence[str], since: int, most: int = LOOKED_MAX) -> OwnUsage:
    """Returns what wallets of somebody's own paid for since a time (microseconds)."""
    uses: list[Use] = []
    looked_until = None
    for wallet_id in wallet_ids:
        found = _newest(session, wallet_id, since, most)
        uses += found
        if len(found) == most:
            looked_until = max(looked_until or 0, found[-1].at)
    return OwnUsage(sorted(uses, key=lambda use: use.at, reverse=True), looked_until)


def _newest(session: Session, wallet_id: str, since: int, most: int) -> list[Use]:
    """Returns the newest uses of a wallet, those that asked several models with their parts."""
    asked = {"wallet_id": wallet_id, "since": least_id(PREFIX, since), "most": most}
    rows = session.execute(_read_newest(), asked).mappings().all()
    return [_use(list(parts)) for _, parts in groupby(rows, lambda row: row["id"])]


@cache
def _read_newest() -> Select[Any]:
    """Returns the question for the newest uses: to compose it costs as much as to ask it."""
    mine = (TABLE.c.wallet_id == bindparam("wallet_id"), TABLE.c.id >= bindparam("since"), text(OWN_WALLETS))
    columns = [TABLE.c[name] for name in (*COLUMNS, "created_at", "paywall_id", "order_id", "session", "unit", "status",
                                          "hold_nanos")]  # fmt: skip
    requests = select(*columns).where(*mine).order_by(TABLE.c.id.desc()).limit(bindparam("most")).subquery()
    return with_parts(requests, *requests.c).order_by(requests.c.id.desc())


def month_ago() -> int:
    """Returns the time 30 days ago."""
    return clock.now() - 30 * clock.DAY


def _use(rows: Sequence[Mapping[Any, Any]]) -> Use:
    """Returns a use of its rows, one for each of its parts."""
    row = rows[0]
    parts = [UsePart(row["part_model"], row["part_source"], row["part_tokens"], row["part_charged"]) for row in rows]
    is_refund, unit = row["kind"] == RequestKind.REFUND, Unit(row["unit"])
    return Use(
        id=row["id"],
        at=row["created_at"],
        paywall_id=row["paywall_id"],
        model=row["model"],
        order=row["order_id"],
        session=row["session"],
        source=row["billing_source"],
        unit=unit,
        is_running=row["status"] == RequestStatus.RUNNING,
        is_refund=is_refund,
        tokens=0 if is_refund else row["tokens"] or 0,
        reserved=reserved_of(row) if unit is Unit.CREDIT and not is_refund else row["hold_nanos"],
        charged=-row["charge_nanos"] if is_refund else row["charge_nanos"],
        mode=row["mode"],
        legs=parts if row["mode"] is not None else (),
    )
