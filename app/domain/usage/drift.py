"""Drift: what we say that a day's requests of a model cost, beside what their provider says of itself."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.legs.legs import Source
from app.domain.money import Unit
from app.domain.pricing.list_price import CREDITS_PER_DOLLAR
from app.domain.usage.requests import TABLE, checkpoint_cost
from app.domain.usage.tables import CostDrift
from app.sql.columns import table_of

ROWS_AT_ONCE = 1_000

_WRITE = text(
    "INSERT INTO cost_drift (day, provider, model, requests, own_nanos, provider_nanos, measured_at)"
    " VALUES (:day, :provider, :model, :requests, :own_nanos, :provider_nanos, :measured_at)"
    " ON CONFLICT (day, provider, model) DO UPDATE SET requests = excluded.requests, own_nanos = excluded.own_nanos,"
    " provider_nanos = excluded.provider_nanos, measured_at = excluded.measured_at"
)


@dataclass(frozen=True, slots=True)
class Drift:
    """A day's requests of a model whose provider said what they cost, in nanos of a dollar. `day` is in UTC."""

    day: str
    provider: str
    model: str
    requests: int
    own_nanos: int
    provider_nanos: int

    @property
    def share(self) -> Fraction:
        """By which part of what the provider says we differ; more than nothing if we say more."""
        if not self.provider_nanos:
            return Fraction(1 if self.own_nanos else 0)
        return Fraction(self.own_nanos - self.provider_nanos, self.provider_nanos)


def measure_drift(session: Session, day_start: int) -> list[Drift]:
    """Measures the day that begins at `day_start`, in constant memory; writes nothing.

    What own keys cost is no business of our prices.
    """
    day = clock.to_iso(day_start)[:10]
    found: dict[tuple[str, str], list[Any]] = {}
    statement = (
        select(TABLE.c.provider, TABLE.c.model, TABLE.c.unit, TABLE.c.receipt, TABLE.c.late,
               TABLE.c.provider_cost_nanos)
        .where(TABLE.c.provider_cost_nanos.is_not(None), TABLE.c.billing_source == Source.PLATFORM.value,
               TABLE.c.created_at >= day_start,
               TABLE.c.created_at < day_start + clock.DAY)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )  # fmt: skip
    for row in session.execute(statement):
        total = found.setdefault((row.provider or "", row.model or ""), [0, 0, 0])
        own = checkpoint_cost(row.late or row.receipt)
        total[0] += 1
        total[1] += own // CREDITS_PER_DOLLAR if row.unit == Unit.CREDIT else own
        total[2] += row.provider_cost_nanos
    return [Drift(day, *names, *total) for names, total in sorted(found.items())]


def write_drift(session: Session, measured: Sequence[Drift]) -> None:
    """Keeps what was measured, in place of what an earlier run found for the same day and model."""
    if measured:
        session.execute(_WRITE, [{**asdict(drift), "measured_at": clock.now()} for drift in measured])


def read_drift(session: Session, day: str | None = None) -> list[Drift]:
    """Returns what was measured of a day (`2026-11-26`), of the newest if none is named."""
    table = table_of(CostDrift)
    if day is None:
        day = session.scalar(select(table.c.day).order_by(table.c.day.desc()).limit(1))
    rows = session.execute(select(table).where(table.c.day == day).order_by(table.c.provider, table.c.model))
    return [Drift(row.day, row.provider, row.model, row.requests, row.own_nanos, row.provider_nanos) for row in rows]
