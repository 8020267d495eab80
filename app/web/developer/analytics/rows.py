"""What the page of analytics shows, ready to be read: figures, where the net goes, days, and parts by what is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.db import Session
from app.domain.analytics.comparing import Compared, compare
from app.domain.analytics.groups import Asked, By, Group, Groups, read_groups
from app.domain.money import Unit, format_for_people
from app.domain.paywalls.keys import list_keys
from app.domain.rollups.reading import Numbers, read_days, read_numbers, today
from app.domain.rollups.sums import Sums
from app.domain.wallets.wallets import end_user_id
from app.web.developer.analytics.wanted import Wanted, range_of
from app.web.developer.frame.chart import DayChart, to_chart
from app.web.developer.frame.figures import SumRow, to_row, users_in_words
from app.web.frame.format import ago
from app.web.frame.routes import with_query

ROWS_A_PAGE, DAYS_LISTED = 50, 14
_NAMES = {
    By.MODEL: {"": "Charged without a model"},
    By.SOURCE: {"platform": "The wallet is charged", "byok": "The user's own key"},
}


@dataclass(frozen=True)
class PartRow:
    """One part: a model, key, source or user, on one day where days are told apart, with its tokens beneath."""

    id: str = ""
    name: str = ""
    under: str = ""
    url: str = ""
    sums: SumRow = field(default_factory=SumRow)


@dataclass(frozen=True)
class ShareRow:
    """Where a part of the net goes; `look` is its colour's class, `width` its part of the bar."""

    name: str = ""
    amount: str = ""
    share: str = ""
    look: str = ""
    width: str = ""


@dataclass(frozen=True)
class AnalyticsPage:
    """Everything on the page. `first` and `last` are the days of the range, as they stand in its form."""

    total: SumRow = field(default_factory=SumRow)
    users: str = ""
    compared: str = ""
    tokens: list[ShareRow] = field(default_factory=list)
    shares: list[ShareRow] = field(default_factory=list)
    has_bar: bool = False
    chart: DayChart = field(default_factory=DayChart)
    days: list[SumRow] = field(default_factory=list)
    earlier: str = ""
    parts: list[PartRow] = field(default_factory=list)
    note: str = ""
    older: str = ""
    newer: str = ""
    title: str = ""
    by: str = ""
    is_by_day: bool = False
    span: str = ""
    first: str = ""
    last: str = ""
    zone: str = ""
    counted: str = ""
    address: str = ""
    days_file: str = ""
    parts_file: str = ""
    kept: str = ""


def read_analytics(session: Session, paywall_id: str, wanted: Wanted, base_url: str) -> AnalyticsPage:
    """Reads what a paywall came to in the days that are asked for; of requests none."""
    first, last = range_of(wanted, today(session, paywall_id))
    numbers = read_numbers(session, [paywall_id], first, last)[paywall_id]
    days = read_days(session, paywall_id, first, last)
    asked = Asked(paywall_id, first, last, wanted.group, wanted.is_by_day)
    parts = read_groups(session, asked, wanted.offset, ROWS_A_PAGE)
    names = _names(session, asked)
    listed = list(reversed(days))[:DAYS_LISTED]
    rest = days[: len(days) - len(listed)]
    unit, path = numbers.unit, f"/paywalls/{paywall_id}/analytics/"
    shares = _shares(numbers.sums, unit)
    chosen = {"by": wanted.group.value, "daily": "1" if wanted.is_by_day else ""}
    files = {"first": first.isoformat(), "last": last.isoformat()}
    return AnalyticsPage(
        total=to_row(f"{len(days)} {'day' if len(days) == 1 else 'days'}", numbers.sums, unit),
        users=users_in_words(numbers.users),
        compared=_compared(compare(session, paywall_id, first, last)),
        tokens=_tokens(numbers.sums),
        shares=shares,
        has_bar=any(share.width for share in shares),
        chart=to_chart(days, unit),
        days=[to_row(_day(one.day) + (", running" if one.is_running else ""), one.sums, unit) for one in listed],
        earlier=_earlier([one.day for one in rest]),
        parts=[_part(one, asked, unit, names) for one in parts.rows],
        note=_note(wanted, parts),
        older=_page(path, wanted, chosen, wanted.offset + ROWS_A_PAGE) if parts.is_more else "",
        newer=_page(path, wanted, chosen, max(wanted.offset - ROWS_A_PAGE, 0)) if wanted.offset else "",
        title=f"By {_WORDS[wanted.group]}" + (" and day" if wanted.is_by_day else ""),
        by=wanted.group.value,
        is_by_day=wanted.is_by_day,
        span="" if wanted.first else str(len(days)),
        first=first.isoformat(),
        last=last.isoformat(),
        zone=numbers.zone,
        counted=_counted(numbers),
        address=base_url + with_query(path, **wanted.kept_range, **chosen),
        days_file=with_query(f"/manage/paywalls/{paywall_id}/analytics.csv", by="day", **files),
        parts_file=with_query(f"/manage/paywalls/{paywall_id}/analytics.csv", **chosen, **files),
        kept=with_query("", **wanted.kept_range).removeprefix("?"),
    )  # fmt: skip


_WORDS = {By.MODEL: "model", By.KEY: "key", By.SOURCE: "billing source", By.USER: "user", By.DAY: "day"}


def _page(path: str, wanted: Wanted, chosen: Mapping[str, str], behind: int) -> str:
    return with_query(path, **wanted.kept_range, **chosen, behind=str(behind) if behind else "")


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"


def _earlier(days: Sequence[date]) -> str:
    return f"{_day(days[0])} to {_day(days[-1])}: in the chart and in the file." if days else ""


def _counted(numbers: Numbers) -> str:
    if numbers.counted_at is None:
        return "Nothing was counted yet; requests count within a minute of their end."
    return f"Counted {ago(numbers.counted_at)}."


def _compared(found: Compared | None) -> str:
    """Says how the net stands against the days before; nothing where there is nothing to stand against."""
    if found is None or found.before.net_nanos <= 0:
        return "after refunds"
    change = (found.now.net_nanos - found.before.net_nanos) * 100 / found.before.net_nanos
    days = "the day" if found.days == 1 else f"the {found.days} days"
    if abs(change) < 0.05:
        return f"as much as in {days} before"
    return f"{abs(change):.1f} % {'more' if change > 0 else 'less'} than in {days} before"


def _tokens(sums: Sums) -> list[ShareRow]:
    kinds = (("Fresh input", sums.input_tokens), ("Cached input", sums.cached_tokens), ("Output", sums.output_tokens),
             ("Reasoning", sums.reasoning_tokens))  # fmt: skip
    return [ShareRow(name=name, amount=f"{count:,}") for name, count in kinds]


def _shares(sums: Sums, unit: Unit) -> list[ShareRow]:
    """Says where the net goes; together the parts are the net. Without a bar where a part is below nothing."""
    rest = sums.unknown_rest_nanos
    parts = (("Provider cost", sums.cost_nanos, "c1"), ("Fee", sums.fee_nanos, "c4"),
             ("Cost and margin not known", rest, "c2"), ("Margin", sums.margin_nanos or 0, "c0"))  # fmt: skip
    shown = [part for part in parts if part[1]]
    has_bar = sums.net_nanos > 0 and all(nanos >= 0 for _, nanos, _ in shown)
    return [
        ShareRow(name, format_for_people(nanos, unit), f"{nanos * 100 / sums.net_nanos:.1f} %" if has_bar else "",
                 look, f"{nanos * 100 / sums.net_nanos:.2f}%" if has_bar else "")
        for name, nanos, look in shown
    ]  # fmt: skip


def _part(one: Group, asked: Asked, unit: Unit, names: Mapping[str, str]) -> PartRow:
    day = "" if one.day is None else _day(one.day)
    tokens = f"{one.sums.tokens:,} tokens"
    url = ""
    if asked.by is By.USER:
        url = f"/paywalls/{asked.paywall_id}/users/{end_user_id(asked.paywall_id, one.name)}/"
    return PartRow(
        id=f"{day}:{one.name}",
        name=names.get(one.name, one.name),
        under=f"{day} · {tokens}" if day else tokens,
        url=url,
        sums=to_row(one.name, one.sums, unit),
    )


def _names(session: Session, asked: Asked) -> Mapping[str, str]:
    """Returns what parts are called whose name alone says nothing to anybody."""
    if asked.by is By.KEY:
        keys = list_keys(session, asked.paywall_id)
        return {"": "Without a key", **{key.id: key.name or f"Key …{key.last_four}" for key in keys}}
    return _NAMES.get(asked.by, {})


def _note(wanted: Wanted, parts: Groups) -> str:
    if parts.are_too_many:
        return "So many users are not added up on a page: take 7, 30 or 90 days, or the file, which has all of them."
    if wanted.group is By.USER and wanted.is_by_day:
        return "Of the 20 users who were charged most; the file has all of them."
    return ""
