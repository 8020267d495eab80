"""What a page of analytics shows, ready to be read: figures, where the net goes, days, and parts by what is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from app.domain.analytics.comparing import Compared
from app.domain.analytics.groups import USERS_TOLD_APART, By, Group, Groups
from app.domain.analytics.steps import Steps
from app.domain.money import Unit, format_sum
from app.domain.rollups.reading import DayNumbers, Users
from app.domain.rollups.sums import Sums
from app.domain.wallets.wallets import end_user_id
from app.web.developer.analytics.wanted import Wanted
from app.web.developer.frame.chart import DayChart, to_chart
from app.web.developer.frame.figures import SumRow, to_row, users_in_digits, users_in_words
from app.web.frame.format import ago
from app.web.frame.routes import with_query

ROWS_A_PAGE, DAYS_LISTED = 50, 14
_WORDS = {By.MODEL: "model", By.KEY: "key", By.SOURCE: "billing source", By.USER: "user", By.DAY: "day",
          By.PAYWALL: "paywall"}  # fmt: skip


@dataclass(frozen=True)
class PartRow:
    """One part: a model, key, source or user with its tokens beneath, and, if two things are told apart, the day or the
    second thing that it is of. Each leads to where there is more of it."""

    id: str = ""
    name: str = ""
    under: str = ""
    url: str = ""
    also: str = ""
    also_url: str = ""
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
class TabRow:
    """Paywalls whose numbers are added up, by what they have in common, and where these stand."""

    name: str = ""
    url: str = ""
    is_here: bool = False


@dataclass(frozen=True)
class AnalyticsPage:
    """Everything on the page. `first` and `last` are the days of the range, as they stand in its form.

    `tabs`, `of` and `watched` are empty on a single paywall's page: which of its visitor's paywalls are added up.
    """

    total: SumRow = field(default_factory=SumRow)
    users: str = ""
    compared: str = ""
    tokens: list[ShareRow] = field(default_factory=list)
    steps: list[ShareRow] = field(default_factory=list)
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
    also: str = ""
    head: str = ""
    also_head: str = ""
    span: str = ""
    first: str = ""
    last: str = ""
    zone: str = ""
    counted: str = ""
    address: str = ""
    days_file: str = ""
    parts_file: str = ""
    of: str = ""
    tabs: list[TabRow] = field(default_factory=list)
    watched: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """What was read of paywalls of one unit: all of it in the days of `zone`, which may be several in words.

    `began` is the first day of which anything was counted, None before that.
    """

    unit: Unit
    zone: str
    counted_at: int | None
    sums: Sums
    users: Users
    days: Sequence[DayNumbers]
    began: date | None
    compared: Compared | None
    steps: Steps
    parts: Groups


@dataclass(frozen=True)
class Place:
    """Where a page of analytics lives, and its files; `of` is the parameter that chooses its paywalls.

    `names` are those of parts whose own names say nothing to anybody, by what they are; `apps` what paywalls are
    called, by their ids.
    """

    base_url: str
    path: str
    file: str
    of: str = ""
    names: Mapping[By, Mapping[str, str]] = field(default_factory=dict)
    apps: Mapping[str, str] = field(default_factory=dict)


def to_page(found: Found, wanted: Wanted, place: Place) -> AnalyticsPage:
    """Writes what was read as a page shows it."""
    days, unit = found.days, found.unit
    listed = list(reversed(days))[:DAYS_LISTED]
    rest = days[: len(days) - len(listed)]
    shares = _shares(found.sums, unit)
    chosen = wanted.chosen
    first, last = (days[0].day.isoformat(), days[-1].day.isoformat()) if days else ("", "")
    files = {"of": place.of, "first": first, "last": last}
    kept = {"of": place.of, **wanted.kept_range}

    def turned(behind: int) -> str:
        return with_query(place.path, **kept, **chosen, behind=str(behind) if behind else "")

    return AnalyticsPage(
        total=_with_users(f"{len(days)} {'day' if len(days) == 1 else 'days'}", found.sums, found.users, unit),
        users=users_in_words(found.users),
        compared=_compared(found.compared),
        tokens=_tokens(found.sums),
        steps=_steps(found.steps),
        shares=shares,
        has_bar=any(share.width for share in shares),
        chart=to_chart(days, unit, found.began),
        days=[_day_row(one, unit) for one in listed],
        earlier=_earlier([one.day for one in rest]),
        parts=[_part(one, wanted, unit, place) for one in found.parts.rows],
        note=_note(wanted, found.parts),
        older=turned(wanted.offset + ROWS_A_PAGE) if found.parts.is_more else "",
        newer=turned(max(wanted.offset - ROWS_A_PAGE, 0)) if wanted.offset else "",
        title=f"By {_WORDS[wanted.group]}" + (f" and {_WORDS[wanted.and_group]}" if wanted.and_group else ""),
        by=wanted.by,
        also=wanted.also,
        head=_WORDS[wanted.group].capitalize(),
        also_head=_WORDS[wanted.and_group].capitalize() if wanted.and_group else "",
        span="" if wanted.first else str(len(days)),
        first=first,
        last=last,
        zone=found.zone,
        counted=_counted(found.counted_at),
        address=place.base_url + with_query(place.path, **kept, **chosen),
        days_file=with_query(place.file, by="day", **files),
        parts_file=with_query(place.file, **chosen, **files),
        of=place.of,
    )  # fmt: skip


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"


def _day_row(one: DayNumbers, unit: Unit) -> SumRow:
    label = _day(one.day) + (", running" if one.is_running else "")
    return _with_users(label, one.sums, Users(one.users), unit)


def _with_users(label: str, sums: Sums, users: Users, unit: Unit) -> SumRow:
    return replace(to_row(label, sums, unit), users=users_in_digits(users))


def _earlier(days: Sequence[date]) -> str:
    return f"{_day(days[0])} to {_day(days[-1])}: in the chart and in the file." if days else ""


def _counted(counted_at: int | None) -> str:
    if counted_at is None:
        return "Nothing was counted yet; requests count within a minute of their end."
    return f"Counted {ago(counted_at)}."


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


def _steps(steps: Steps) -> list[ShareRow]:
    """Says how far users came, each step with its part of the one before it; nothing where no link was shown."""
    if not steps.shown:
        return []
    more = "+" if steps.is_more else ""
    before, rows = 0, []
    for name, count, look in (("Link shown", steps.shown, "c2"), ("Paid after it", steps.paid, "c1"),
                              ("Used what they paid for", steps.used, "c0")):  # fmt: skip
        share = f"{count * 100 / before:.1f} %" if before else ""
        rows.append(
            ShareRow(name, f"{count:,}{more}", share, look, f"{count * 100 / steps.shown:.2f}%" if count else "")
        )
        before = count
    return rows


def _shares(sums: Sums, unit: Unit) -> list[ShareRow]:
    """Says where the net goes; together the parts are the net. Without a bar where a part is below nothing."""
    rest = sums.unknown_rest_nanos
    parts = (("Provider cost", sums.cost_nanos, "c1"), ("Fee", sums.fee_nanos, "c4"),
             ("Cost and margin not known", rest, "c2"), ("Margin", sums.margin_nanos or 0, "c0"))  # fmt: skip
    shown = [part for part in parts if part[1]]
    has_bar = sums.net_nanos > 0 and all(nanos >= 0 for _, nanos, _ in shown)
    return [
        ShareRow(name, format_sum(nanos, unit), f"{nanos * 100 / sums.net_nanos:.1f} %" if has_bar else "",
                 look, f"{nanos * 100 / sums.net_nanos:.2f}%" if has_bar else "")
        for name, nanos, look in shown
    ]  # fmt: skip


def _part(one: Group, wanted: Wanted, unit: Unit, place: Place) -> PartRow:
    day, by, and_by = "" if one.day is None else _day(one.day), wanted.group, wanted.and_group
    is_users = By.USER in (by, and_by)
    app = place.apps.get(one.paywall_id, "") if is_users and By.PAYWALL not in (by, and_by) else ""
    under = (app, f"{one.sums.tokens:,} tokens")
    also = day if and_by is By.DAY else "" if and_by is None else _name(one.also, and_by, place)
    return PartRow(
        id=f"{day}:{one.paywall_id}:{one.name}" + (f":{one.also}" if one.also else ""),
        name=_name(one.name, by, place),
        under=" · ".join(word for word in under if word),
        url=_url(one.paywall_id, one.name, by),
        also=also,
        also_url="" if and_by is None else _url(one.paywall_id, one.also, and_by),
        sums=to_row(one.name, one.sums, unit),
    )


def _name(name: str, by: By, place: Place) -> str:
    return (place.apps if by is By.PAYWALL else place.names.get(by, {})).get(name, name)


def _url(paywall_id: str, name: str, by: By) -> str:
    """Returns where there is more of a user or a paywall; nowhere of anything else."""
    if by is By.USER:
        return f"/paywalls/{paywall_id}/users/{end_user_id(paywall_id, name)}/"
    return f"/paywalls/{name}/analytics/" if by is By.PAYWALL else ""


def _note(wanted: Wanted, parts: Groups) -> str:
    if parts.are_too_many:
        return "So many users are not added up on a page: take 7, 30 or 90 days, or the file, which has all of them."
    notes = []
    if parts.are_of_first:
        notes.append(f"Of the {USERS_TOLD_APART} users who were charged most; the file has all of them.")
    if any(one.sums.also_asked for one in parts.rows) and {By.MODEL, By.SOURCE} & {wanted.group, wanted.and_group}:
        notes.append("A request that asked several models counts with each of them.")
    return " ".join(notes)
