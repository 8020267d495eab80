"""What the dashboard shows: the paywalls that somebody owns, and what needs their attention, the worst first."""

from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain.icons.icons import icon_paths
from app.domain.money import Environment
from app.domain.paywalls.names import NamedPaywall, list_owned
from app.domain.people.sessions import Person
from app.web.developer.frame.attention import BAD, AttentionRow, read_attention
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


@dataclass(frozen=True)
class DashboardPage:
    """Everything on the dashboard; `more` says that there are older paywalls which it does not list."""

    paywalls: list[PaywallRow] = field(default_factory=list)
    attention: list[AttentionRow] = field(default_factory=list)
    more: str = ""
    may_create: bool = False


def read_dashboard(session: Session, person: Person) -> DashboardPage:
    """Reads the paywalls of somebody."""
    chosen = wiring.get().settings
    owned = list_owned(session, person, chosen.operators, CHOICES_MAX + 1)
    shown = owned[:CHOICES_MAX]
    attention = {one.paywall.id: read_attention(session, one.paywall.id) for one in shown}
    icons = icon_paths(session, attention)
    rows = [_row(one, icons.get(one.paywall.id, ""), attention[one.paywall.id]) for one in shown]
    lines = sorted((line for found in attention.values() for line in found), key=lambda line: line.tone != BAD)
    return DashboardPage(
        paywalls=sorted(rows, key=lambda row: (row.is_archived, row.is_sandbox, row.name.lower(), row.id)),
        attention=lines[:ATTENTION_MAX],
        more=f"The newest {CHOICES_MAX} are listed." if len(owned) > len(shown) else "",
        may_create=creators_of(chosen).have(person),
    )


def _row(one: NamedPaywall, icon: str, attention: list[AttentionRow]) -> PaywallRow:
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
    )
