"""A chain's cursor goes forward, or stands."""

from app import db
from app.domain.chain_deposits import cursor

CHAIN = 31_337


def test_a_cursor_never_goes_back(database: str) -> None:
    with db.transaction() as session:
        assert cursor.find(session, CHAIN) is None
        assert cursor.begin(session, CHAIN, 10, "0xa").block == 10
        assert cursor.begin(session, CHAIN, 99, "0xz").block == 10
        cursor.advance(session, CHAIN, 12, "0xc")
        cursor.advance(session, CHAIN, 11, "0xb")
    with db.transaction(writes=False) as session:
        found = cursor.find(session, CHAIN)
        assert found is not None and (found.block, found.block_hash) == (12, "0xc")


def test_why_it_stopped_is_news_once(database: str) -> None:
    with db.transaction() as session:
        cursor.begin(session, CHAIN, 10, "0xa")
        assert cursor.stop(session, CHAIN, "It is another one.")
        assert not cursor.stop(session, CHAIN, "It is another one.")
        cursor.note_head(session, CHAIN, 13, 1_700_000_000)
        found = cursor.find(session, CHAIN)
        assert found is not None and (found.head, found.stopped_because) == (13, None)
        assert cursor.stop(session, CHAIN, "It is another one.")
