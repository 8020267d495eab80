"""A link of the bar is where it is first seen: until it is known which there are, only what cannot move is shown."""

from pathlib import Path

import pytest

from app.web.developer.dashboard.state import DashboardState
from app.web.end_user.wallet.state import WalletState
from app.web.frame import routes
from app.web.frame.layout import own_frame

SHEET = Path("assets/coinslot.css").read_text()


@pytest.mark.parametrize(
    ("current", "visitor", "looks"),
    [(routes.DASHBOARD, DashboardState, "sections unread led"), (routes.WALLET, WalletState, "sections unread")],
)
def test_no_link_of_the_bar_moves_once_it_is_seen(current: str, visitor: type, looks: str) -> None:
    bar = str(own_frame(current=current, visitor=visitor).render())
    assert f'"{looks}"' in bar
    assert bar.index(f'"{routes.DASHBOARD}/"') < bar.index(f'"{routes.WALLET}/"') < bar.index(f'"{routes.CREDITS}/"')


def test_the_first_link_alone_is_seen_before_the_others_are_known() -> None:
    assert ".sections.unread { visibility: hidden; }" in SHEET
    assert ".sections.unread.led > :first-child { visibility: visible; }" in SHEET
