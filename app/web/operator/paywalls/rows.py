"""What the page of paywalls shows, ready to be read."""

from dataclasses import dataclass, field

from app.db import Session
from app.domain.money import Environment
from app.flows.upkeep.directory import FoundPaywall, find_paywalls
from app.web.frame.format import utc_day
from app.web.operator.frame.lines import LineRow

LISTED_MAX = 50


@dataclass(frozen=True)
class PaywallsPage:
    """Everything on the page; `words` is what was looked for."""

    words: str = ""
    rows: list[LineRow] = field(default_factory=list)


def read_paywalls_page(session: Session, words: str) -> PaywallsPage:
    """Reads the paywalls that were looked for; without words the newest."""
    return PaywallsPage(words, [_row(one) for one in find_paywalls(session, words, LISTED_MAX)])


def _row(one: FoundPaywall) -> LineRow:
    archived = "" if one.archived_at is None else f" · archived {utc_day(one.archived_at)}"
    return LineRow(
        id=one.id,
        title=one.app_name,
        detail=f"{one.owner or 'The operators'} · {one.id} · version {one.version}{archived}",
        badge=one.mode.capitalize(),
        href=f"/paywalls/{one.id}/overview/",
        tone="ok" if one.archived_at is None else "wait",
        is_sandbox=one.environment == Environment.SANDBOX,
    )
