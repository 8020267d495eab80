"""What the wallet page shows, ready to be read."""

from dataclasses import dataclass

from app.db import Session
from app.domain.money import Environment, format_for_people
from app.domain.usage.activity import read_movements
from app.domain.wallets.statement import read_wallet
from app.flows.links import TopupLink
from app.flows.topup_checkout import return_address
from app.web.components.activity_rows import MovementRow, to_row


@dataclass(frozen=True)
class WalletRow:
    """The wallet's head. `held` is empty where nothing is held, `back_url` where the app gave none."""

    app_name: str = ""
    initials: str = ""
    available: str = ""
    held: str = ""
    back_url: str = ""
    is_sandbox: bool = False


@dataclass(frozen=True)
class WalletPage:
    """The wallet and the newest of its movements."""

    wallet: WalletRow
    movements: list[MovementRow]
    has_more: bool


def read_page(session: Session, link: TopupLink, shown: int) -> WalletPage:
    """Reads the wallet that a link names and its newest `shown` movements. Raises NotFound."""
    view = read_wallet(session, link.paywall_id, link.user)
    movements = read_movements(session, link.paywall_id, link.user, limit=shown + 1)
    wallet = WalletRow(
        app_name=view.app_name,
        initials=_initials(view.app_name),
        available=format_for_people(view.available_nanos, view.unit),
        held=format_for_people(view.held_nanos, view.unit) if view.held_nanos else "",
        back_url=return_address(link) or "",
        is_sandbox=view.environment is Environment.SANDBOX,
    )
    return WalletPage(wallet, [to_row(movement, view.unit) for movement in movements[:shown]], len(movements) > shown)


def _initials(name: str) -> str:
    words = name.split()
    return (words[0][0] + words[1][0] if len(words) > 1 else name[:2]).title()
