"""Reversals of top-ups are listed page by page, each once, with what they did to the wallet."""

from app import db
from app.domain.disputes.listing import Place, ReversalFilter, list_reversals
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.money import CENT_NANOS
from tests.support.reversed import Reversed


async def test_each_is_listed_once_however_small_the_pages(database: str) -> None:
    case = await Reversed().told()
    await case.dispute(DisputeState.WON, Funds.BACK)
    found: list[tuple[bool, int]] = []
    before: Place | None = None
    with db.transaction(writes=False) as session:
        paywall_id = case.app.paywall_id
        while page := list(list_reversals(session, paywall_id, ReversalFilter(), before, 1))[:1]:
            found.append((page[0].is_refund, page[0].amount_nanos // CENT_NANOS))
            before = page[0].place
        assert found == [(False, 900), (False, -900), (True, -500)]
        assert not list(list_reversals(session, paywall_id, ReversalFilter(user="bob"), None, 9))
        assert not list(list_reversals(session, "pw_other", ReversalFilter(), None, 9))
        newest = max(one.place[0] for one in list_reversals(session, paywall_id, ReversalFilter(), None, 9))
        assert len(list(list_reversals(session, paywall_id, ReversalFilter(since=newest), None, 9))) == 1
        assert len(list(list_reversals(session, paywall_id, ReversalFilter(until=newest), None, 9))) == 2
