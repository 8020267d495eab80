"""What a spend chart shows: heights in per cent and figures ready to be read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain import clock
from app.domain.money import Unit, format_for_people
from app.domain.usage.spending import DAY_SECONDS, DaySpent, day_of

COLOURS = 5
"""How many apps have a colour of their own; the rest share the last one."""


@dataclass(frozen=True)
class BarPart:
    """An app's part of a day: its colour's class and its height."""

    look: str = ""
    height: str = "0%"


@dataclass(frozen=True)
class DayBar:
    """One day; `title` says it in words."""

    title: str = ""
    parts: list[BarPart] = field(default_factory=list)


@dataclass(frozen=True)
class LegendRow:
    """An app, its colour's class, and what it charged in all."""

    name: str = ""
    look: str = ""
    amount: str = ""


@dataclass(frozen=True)
class SpendChart:
    """A chart of the last days, `top` being its highest one; without a legend there is nothing to show."""

    days: list[DayBar] = field(default_factory=list)
    legend: list[LegendRow] = field(default_factory=list)
    total: str = ""
    top: str = ""
    first_day: str = ""
    summary: str = ""


def to_chart(spent: Sequence[DaySpent], names: Mapping[str, str], unit: Unit, days: int) -> SpendChart:
    """Returns the chart of what apps charged, those that charged most first."""
    totals: dict[str, int] = defaultdict(int)
    by_day: dict[int, dict[str, int]] = defaultdict(dict)
    for line in spent:
        totals[line.paywall_id] += line.nanos
        by_day[line.day][line.paywall_id] = line.nanos
    order = sorted(totals, key=lambda app: -totals[app])
    looks = {app: f"c{min(place, COLOURS - 1)}" for place, app in enumerate(order)}
    top = max((sum(parts.values()) for parts in by_day.values()), default=0)
    today = day_of(clock.now())
    bars = [_bar(day, by_day.get(day, {}), order, looks, top, unit) for day in range(today - days + 1, today + 1)]
    total = format_for_people(sum(totals.values()), unit)
    return SpendChart(
        days=bars,
        legend=[LegendRow(names.get(app, app), looks[app], format_for_people(totals[app], unit)) for app in order],
        total=total,
        top=format_for_people(top, unit),
        first_day=_day_name(today - days + 1),
        summary=f"{total} spent in the last {days} days, at most {format_for_people(top, unit)} a day.",
    )


def _bar(
    day: int, parts: Mapping[str, int], order: Sequence[str], looks: Mapping[str, str], top: int, unit: Unit
) -> DayBar:
    shown = [BarPart(looks[app], f"{parts[app] * 100 / top:.2f}%") for app in order if parts.get(app)]
    return DayBar(f"{_day_name(day)}: {format_for_people(sum(parts.values()), unit)}", shown)


def _day_name(day: int) -> str:
    return clock.to_datetime(day * DAY_SECONDS * clock.SECOND).strftime("%-d %b")
