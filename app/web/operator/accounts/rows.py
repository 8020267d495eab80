"""What the page of accounts shows, ready to be read."""

from dataclasses import dataclass, field

from app.db import Session
from app.flows.upkeep.directory import FoundAccount, find_accounts
from app.web.frame import routes
from app.web.frame.format import ago, utc_day
from app.web.operator.frame.lines import LineRow

LISTED_MAX = 50


@dataclass(frozen=True)
class AccountsPage:
    """Everything on the page; `words` is what was looked for."""

    words: str = ""
    rows: list[LineRow] = field(default_factory=list)


def read_accounts_page(session: Session, words: str) -> AccountsPage:
    """Reads the accounts that were looked for; without words the newest."""
    return AccountsPage(words, [_row(one) for one in find_accounts(session, words, LISTED_MAX)])


def _row(one: FoundAccount) -> LineRow:
    seen = "not signed in now" if one.seen_at is None else f"seen {ago(one.seen_at)}"
    return LineRow(
        id=one.id,
        title=one.email or one.name or one.id,
        detail=f"{one.name} · {one.id} · since {utc_day(one.created_at)} · {seen}"
        f" · {one.sessions} {'sign-in' if one.sessions == 1 else 'sign-ins'}",
        badge="" if not one.paywalls else "1 paywall" if one.paywalls == 1 else f"{one.paywalls} paywalls",
        href=f"{routes.OPERATOR_WALLETS}/?find={one.email}" if one.email else "",
    )
