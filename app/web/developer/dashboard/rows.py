"""What the dashboard shows: the paywalls that somebody owns, and what needs their attention, the worst first."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain.icons.icons import icon_paths
from app.domain.money import Environment, Unit
from app.domain.paywalls.names import NamedPaywall, list_owned
from app.domain.people.sessions import Person
from app.domain.rollups.reading import Recent, read_recent
from app.domain.rollups.sums import NOTHING, Sums, plus
from app.web.developer.frame.attention import BAD, AttentionRow, read_attention
from app.web.developer.frame.figures import SumRow, to_row
from app.web.developer.frame.rows import CHOICES_MAX
from app.web.developer.frame.sections import OVERVIEW, PAYMENTS, linked
from app.web.frame.format import initials
from app.wiring.rules import creators_of

ATTENTION_MAX = 20


@dataclass(frozen=True)
class PaywallRow:
    """A paywall in the list; `alert` is the worst that is wrong with it."""

    id: str = ""
    name: str = ""
    initials: str = ""
    icon: str = ""
    mode: str = ""
    url: str = ""
    is_sandbox: bool = False
    is_archived: bool = False
    alert: str = ""
    tone: str = ""
    sums: SumRow = field(default_factory=SumRow)


@dataclass(frozen=True)
class TotalRow:
    """What the paywalls of one unit and environment came to together."""

    id: str = ""
    title: str = ""
    is_sandbox: bool = False
    sums: SumRow = field(default_factory=SumRow)


@dataclass(frozen=True)
class DashboardPage:
    """Everything on the dashboard, of so many `days`; `more` says that there are older paywalls than it lists."""

    days: int = 30
    totals: list[TotalRow] = field(default_factory=list)
    paywalls: list[PaywallRow] = field(default_factory=list)
    attention: list[AttentionRow] = field(default_factory=list)
    more: str = ""
    may_create: bool = False
    is_operator: bool = False


def read_dashboard(session: Session, person: Person, days: int) -> DashboardPage:
    """Reads the paywalls of somebody, and what each came to in the last days of its own zone."""
    chosen = wiring.get().settings
    owned = list_owned(session, person, chosen.operators, CHOICES_MAX + 1)
    shown = owned[:CHOICES_MAX]
    attention = {one.paywall.id: read_attention(session, one.paywall.id) for one in shown}
    icons = icon_paths(session, attention)
    numbers = read_recent(session, list(attention), days)
    rows = [
        _row(one, icons.get(one.paywall.id, ""), attention[one.paywall.id], numbers[one.paywall.id]) for one in shown
    ]
    lines = sorted((line for found in attention.values() for line in found), key=lambda line: line.tone != BAD)
    return DashboardPage(
        days=days,
        totals=_totals(numbers.values()),
        paywalls=sorted(rows, key=lambda row: (row.is_archived, row.is_sandbox, row.name.lower(), row.id)),
        attention=lines[:ATTENTION_MAX],
        more=f"The newest {CHOICES_MAX} are listed." if len(owned) > len(shown) else "",
        may_create=creators_of(chosen).have(person),
        is_operator=person.has_proven(chosen.operators),
    )


def _totals(numbers: Iterable[Recent]) -> list[TotalRow]:
    """Adds up what may be added up: the same unit in the same environment, live first."""
    found: dict[tuple[bool, Unit], Sums] = {}
    for one in numbers:
        place = (one.environment is Environment.SANDBOX, one.unit)
        found[place] = plus(found.get(place, NOTHING), one.sums)
    return [
        TotalRow(f"{unit}:{is_sandbox}", f"All {'sandbox' if is_sandbox else 'live'} paywalls in {unit.value}",
                 is_sandbox, to_row(unit.value, sums, unit))
        for (is_sandbox, unit), sums in sorted(found.items())
    ]  # fmt: skip


def _row(one: NamedPaywall, icon: str, attention: list[AttentionRow], numbers: Recent) -> PaywallRow:
    paywall = one.paywall
    first = OVERVIEW if OVERVIEW in linked() else PAYMENTS
    worst = attention[0] if attention else AttentionRow(tone="")
    return PaywallRow(
        id=paywall.id,
        name=one.app_name,
        initials=initials(one.app_name),
        icon=icon,
        mode=paywall.mode.value.capitalize(),
        url=f"/paywalls/{paywall.id}/{first.name}/",
        is_sandbox=paywall.environment is Environment.SANDBOX,
        is_archived=paywall.is_archived,
        alert=worst.title,
        tone=worst.tone,
        sums=to_row(one.app_name, numbers.sums, numbers.unit),
    )
