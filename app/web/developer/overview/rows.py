"""What the overview shows: today and 30 days, a chart with its weeks, the last requests, and how an app calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app import wiring
from app.db import Session
from app.domain.money import Unit
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Manager
from app.domain.pricing.offered import first_offer
from app.domain.rollups.reading import DayNumbers, Numbers, Users, read_began, read_days, read_numbers, today
from app.domain.rollups.sums import NOTHING, plus
from app.domain.usage.request_list import RequestFilter, list_rows
from app.web.developer.frame.attention import AttentionRow, read_attention
from app.web.developer.frame.chart import DayChart, to_chart
from app.web.developer.frame.figures import SumRow, to_row, users_in_words
from app.web.developer.requests.rows import STATES
from app.web.frame.format import ago, fine

DAYS, WEEK, REQUESTS_MAX = 30, 7, 8


@dataclass(frozen=True)
class RequestRow:
    """One of the last requests."""

    id: str = ""
    user: str = ""
    model: str = ""
    status: str = ""
    charge: str = ""
    at: str = ""


@dataclass(frozen=True)
class OverviewPage:
    """Everything on the overview."""

    attention: list[AttentionRow] = field(default_factory=list)
    now: SumRow = field(default_factory=SumRow)
    now_users: str = ""
    month: SumRow = field(default_factory=SumRow)
    month_users: str = ""
    weeks: list[SumRow] = field(default_factory=list)
    chart: DayChart = field(default_factory=DayChart)
    zone: str = ""
    counted: str = ""
    requests: list[RequestRow] = field(default_factory=list)
    base_url: str = ""
    snippet: str = ""


def read_overview(session: Session, manager: Manager) -> OverviewPage:
    """Reads a paywall at a glance; of its requests none but the last few."""
    paywall, _ = read_current(session, manager.paywall_id)
    last = today(session, paywall.id)
    first = last - timedelta(days=DAYS - 1)
    month = read_numbers(session, [paywall.id], first, last)[paywall.id]
    days = read_days(session, paywall.id, first, last)
    base_url = f"{wiring.get().links.base_url}/v1"
    newest = list_rows(session, paywall.id, RequestFilter(), None, REQUESTS_MAX)
    return OverviewPage(
        attention=read_attention(session, paywall.id),
        now=to_row("Today", days[-1].sums, paywall.unit),
        now_users=users_in_words(Users(days[-1].users)),
        month=to_row(f"{DAYS} days", month.sums, paywall.unit),
        month_users=users_in_words(month.users),
        weeks=[_week(days[place : place + WEEK], paywall.unit) for place in range(0, len(days), WEEK)],
        chart=to_chart(days, paywall.unit, read_began(session, [paywall.id])),
        zone=month.zone,
        counted=_counted(month),
        requests=[_request(one, paywall.unit) for one in newest],
        base_url=base_url,
        snippet=_snippet(base_url, first_offer(session, paywall.id) or "MODEL"),
    )


def _week(days: Sequence[DayNumbers], unit: Unit) -> SumRow:
    sums = NOTHING
    for day in days:
        sums = plus(sums, day.sums)
    running = ", running" if days[-1].is_running else ""
    return to_row(f"{_day(days[0].day)} to {_day(days[-1].day)}{running}", sums, unit)


def _day(day: date) -> str:
    return f"{day:%-d %b}"


def _counted(numbers: Numbers) -> str:
    if numbers.counted_at is None:
        return "Nothing was counted yet; requests count within a minute of their end."
    return f"Counted {ago(numbers.counted_at)}."


def _request(row: Mapping[str, Any], unit: Unit) -> RequestRow:
    return RequestRow(
        id=row["id"],
        user=row["external_id"],
        model=row["model"] or "One-off charge",
        status=STATES[row["status"]][0].lower(),
        charge=fine(row["charge_nanos"], unit),
        at=ago(row["created_at"]),
    )


def _snippet(base_url: str, model: str) -> str:
    return (
        f"curl {base_url}/chat/completions \\\n"
        '  -H "Authorization: Bearer $COINSLOT_KEY" -H "Content-Type: application/json" \\\n'
        f"""  -d '{{"model": "{model}", "user": "ada", "messages": [{{"role": "user", "content": "Hello"}}]}}'"""
    )
