"""Declines count for a wallet and for a network, within an hour, however the cards were tried."""

import pytest

from app import db
from app.domain import clock
from app.domain.errors import LimitReached
from app.domain.topups.tables import Topup
from app.domain.topups.trying import DECLINES_MAX, check_declines, check_trying, note_decline
from tests.support.books import make_snapshot
from tests.support.paying import begin


def declined(user: str, network: str | None, times: int) -> str:
    marks = begin(make_snapshot(), "sandbox", user)
    with db.transaction() as session:
        topup = session.get_one(Topup, marks.topup_id)
        topup.network = network
        for _ in range(times):
            note_decline(session, topup)
        return topup.wallet_id


@pytest.mark.parametrize(("wallet", "network", "is_refused"), [
    ("its", None, True), ("its", "10.0.0.1", True), ("another", "10.0.0.1", True), ("another", "10.0.0.2", False),
    ("another", None, False), ("another", "", False),
])  # fmt: skip
def test_ten_declines_are_enough(database: str, wallet: str, network: str | None, is_refused: bool) -> None:
    its, others = declined("ada", "10.0.0.1", DECLINES_MAX), declined("bob", None, DECLINES_MAX - 1)
    for check in (check_declines, check_trying):
        with db.transaction() as session:
            if not is_refused:
                check(session, its if wallet == "its" else others, network)
                continue
            with pytest.raises(LimitReached):
                check(session, its if wallet == "its" else others, network)


def test_after_an_hour_they_count_no_more(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    its = declined("ada", "10.0.0.1", DECLINES_MAX)
    later = clock.now() + 3_600 * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: later)
    with db.transaction() as session:
        check_declines(session, its, "10.0.0.1")
