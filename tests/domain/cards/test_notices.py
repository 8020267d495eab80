"""What is told is told once, by one process at a time, and again only if nobody noted that it was."""

import pytest

from app import db
from app.domain import clock
from app.domain.cards import notices
from app.domain.cards.tables import NoticeKind, OffReason
from tests.support.saved_cards import make_person


def test_a_thing_that_happened_is_told_once(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wallet, start = ("wal_1", make_person().account_id), clock.now()
    with db.transaction() as session:
        for _ in range(2):
            notices.note(session, wallet, NoticeKind.CHARGED, "top_1", topup_id="top_1")
        notices.note(session, wallet, NoticeKind.SWITCHED_OFF, "1", off_reason=OffReason.FROZEN)
        assert notices.has_due(session)
    with db.transaction() as session:
        found = notices.take_due(session, 9)
        assert {(n.kind, n.topup_id, n.off_reason) for n in found} == {
            (NoticeKind.CHARGED, "top_1", None), (NoticeKind.SWITCHED_OFF, None, OffReason.FROZEN),
        }  # fmt: skip
        assert notices.take_due(session, 9) == [] and not notices.has_due(session)
        notices.note_told(session, found[0].id)
        notices.note_told(session, found[0].id)
    monkeypatch.setattr(clock, "now", lambda: start + 61 * clock.SECOND)
    with db.transaction() as session:
        assert [n.id for n in notices.take_due(session, 9)] == [found[1].id]
