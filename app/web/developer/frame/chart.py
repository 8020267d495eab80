"""Revenue and margin by day as lines of an SVG: the axis is the asked range, lines begin where anything was counted
first, and the day that runs is a loose dot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.money import Unit, format_sum
from app.domain.rollups.reading import DayNumbers

WIDTH, HEIGHT = 1_000, 160


@dataclass(frozen=True)
class DayChart:
    """Paths in a box of 1,000 by 160; empty where there is nothing to show. `top` and `bottom` are the axis's ends.

    `before` says from when on there is data, where the range begins earlier.
    """

    revenue: str = ""
    area: str = ""
    margin: str = ""
    revenue_now: str = ""
    margin_now: str = ""
    zero: str = ""
    top: str = ""
    bottom: str = ""
    first: str = ""
    middle: str = ""
    last: str = ""
    summary: str = ""
    before: str = ""


def to_chart(days: Sequence[DayNumbers], unit: Unit, began: date | None = None) -> DayChart:
    """Draws days, the oldest first. A day whose cost is unknown has no margin: its line goes on behind it.

    `began` is the first day of which anything was counted: before it there is no line, not one at nothing.
    """
    revenues = [day.sums.net_nanos for day in days]
    margins = [day.sums.margin_nanos for day in days]
    known = [margin for margin in margins if margin is not None]
    top, bottom = max([*revenues, *known, 0]), min([*revenues, *known, 0])
    if not days or top == bottom:
        return DayChart()

    def x(place: int) -> str:
        return f"{place * WIDTH / max(len(days) - 1, 1):.1f}"

    def y(nanos: int) -> str:
        return f"{(top - nanos) * HEIGHT / (top - bottom):.1f}"

    began = began or days[0].day
    over = [place for place, day in enumerate(days) if not day.is_running and day.day >= began]
    now = [place for place, day in enumerate(days) if day.is_running]
    line = _line([(x(place), y(revenues[place])) for place in over])
    floor = f" L{x(over[-1])} {y(0)} L{x(over[0])} {y(0)} Z" if over else ""
    return DayChart(
        revenue=line,
        area=line + floor if over else "",
        margin=_line([(x(place), y(margin)) for place in over if (margin := margins[place]) is not None]),
        revenue_now=_dots(now, revenues, x, y),
        margin_now=_dots(now, margins, x, y),
        zero=f"M0 {y(0)} H{WIDTH}",
        top=format_sum(top, unit),
        bottom=format_sum(bottom, unit),
        first=days[0].day.strftime("%-d %b"),
        middle=days[len(days) // 2].day.strftime("%-d %b"),
        last="Today" if days[-1].is_running else days[-1].day.strftime("%-d %b"),
        summary=f"Revenue a day from {days[0].day:%-d %B} to {days[-1].day:%-d %B}, at most"
                f" {format_sum(max(revenues), unit)}.",
        before=f"No data before {began:%-d %b %Y}." if began > days[0].day else "",
    )  # fmt: skip


def _line(points: Sequence[tuple[str, str]]) -> str:
    return " ".join(f"{'L' if place else 'M'}{x} {y}" for place, (x, y) in enumerate(points))


def _dots(places: Sequence[int], values: Sequence[int | None], x: Callable[[int], str], y: Callable[[int], str]) -> str:
    """A line of no length with round ends is a dot that no stretching of the box deforms."""
    return " ".join(f"M{x(place)} {y(value)} h0" for place in places if (value := values[place]) is not None)
