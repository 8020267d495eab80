"""What leaves a treasury is a payout's or somebody says what it was; until then paused payouts stay so."""

import pytest

from app import db
from app.domain.errors import Refused
from app.domain.payouts import desk
from app.domain.payouts.desk import Outgoing, Seen
from tests.support.paying_out import CHAIN, ONE, ask, make_earner

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SEEN = Seen(12, "0xc", 1, 5 * ONE, 10**18)


def note(*outgoing: Outgoing, seen: Seen = SEEN) -> int:
    with db.transaction() as session:
        desk.open_desk(session, CHAIN, 10, "0xa")
        return desk.note_read(session, CHAIN, seen, outgoing)


def test_a_payouts_own_transfer_is_booked_by_its_nonce(database: str) -> None:
    payout = ask(make_earner(6 * ONE), None, "0xAda")
    own = Outgoing("0x1", 3, 11, "0xAda", 6 * ONE, payout.nonce)
    assert note(own) == 0 and note(own) == 0
    assert note(Outgoing("0x2", 0, 12, "0xAda", 6 * ONE - 1, payout.nonce)) == 1  # its nonce, and not its amount


def test_paused_payouts_go_on_when_everything_is_booked(database: str) -> None:
    note()
    with db.transaction() as session:
        assert desk.pause(session, CHAIN, "first") and not desk.pause(session, CHAIN, "second")
        found = desk.find_desk(session, CHAIN)
        assert found is not None and found.paused_because == "first"
        desk.resume(session, CHAIN)
    assert note(Outgoing("0x9", 0, 12, "0xEve", ONE, None)) == 1
    with (
        pytest.raises(Refused, match="treasury that are not booked: 1"),
        db.transaction() as session,
    ):
        desk.resume(session, CHAIN)


def test_the_cursor_never_goes_back(database: str) -> None:
    note()
    note(seen=Seen(11, "0xb", 1, 0, 0))
    with db.transaction(writes=False) as session:
        found = desk.find_desk(session, CHAIN)
        assert found is not None and (found.cursor_block, found.cursor_hash) == (12, "0xc")


def test_operators_are_told_of_what_lacks_once_a_day(database: str) -> None:
    note()
    with db.transaction() as session:
        assert [desk.note_lacking(session, CHAIN, units) for units in (0, 5, 6, 0, 7)] == [
            False, True, False, False, True,
        ]  # fmt: skip
