"""What the page of wallets shows, ready to be read: those that were looked for, or those that are frozen."""

from dataclasses import dataclass, field

from app.db import Session
from app.domain.money import Environment, format_for_people
from app.domain.paywalls.names import read_names
from app.flows.wallets.operated import FoundWallet, find_wallets

LISTED_MAX = 50


@dataclass(frozen=True)
class WalletRow:
    """A wallet; `owes` where a dispute took more than it had."""

    id: str = ""
    whose: str = ""
    app: str = ""
    balance: str = ""
    reasons: str = ""
    is_sandbox: bool = False
    is_frozen: bool = False
    owes: bool = False


@dataclass(frozen=True)
class WalletsPage:
    """Everything on the page; `words` is what was looked for."""

    words: str = ""
    rows: list[WalletRow] = field(default_factory=list)


def read_wallets_page(session: Session, words: str) -> WalletsPage:
    """Reads the wallets that were looked for; without words those that are frozen."""
    found = find_wallets(session, words, LISTED_MAX)
    names = read_names(session, [one.paywall_id for one in found])
    return WalletsPage(words, [_row(one, names.get(one.paywall_id or "", "Shared by all apps")) for one in found])


def _row(one: FoundWallet, app: str) -> WalletRow:
    return WalletRow(
        id=one.id,
        whose=one.whose,
        app=app,
        balance=format_for_people(one.balance_nanos, one.account.unit),
        reasons=", ".join(one.reasons),
        is_sandbox=one.account.environment is Environment.SANDBOX,
        is_frozen=bool(one.reasons),
        owes=one.balance_nanos < 0,
    )
