"""Up to which final block a chain has been read: it goes on from there, or stops where that block is another one."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.chain_deposits.tables import ChainCursor

_KEEP = text(
    "INSERT INTO chain_cursor (chain_id, block, block_hash, head, head_at, read_at)"
    " VALUES (:chain_id, :block, :hash, :block, 0, :now) ON CONFLICT DO NOTHING"
)


def find(session: Session, chain_id: int) -> ChainCursor | None:
    """Returns a chain's cursor, None where it was never read."""
    return session.get(ChainCursor, chain_id, populate_existing=True)


def begin(session: Session, chain_id: int, block: int, hash_: str) -> ChainCursor:
    """Returns a chain's cursor, which begins behind a final block where it is new."""
    session.execute(_KEEP, {"chain_id": chain_id, "block": block, "hash": hash_, "now": clock.now()})
    return session.get_one(ChainCursor, chain_id, populate_existing=True)


def advance(session: Session, chain_id: int, block: int, hash_: str) -> None:
    """Says that all up to a final block has been taken; the cursor never goes back."""
    cursor = session.get_one(ChainCursor, chain_id, with_for_update=True, populate_existing=True)
    if block > cursor.block:
        cursor.block, cursor.block_hash = block, hash_
    session.flush()


def note_head(session: Session, chain_id: int, head: int, at: int) -> None:
    """Keeps the newest block and its own time (seconds), and that the chain goes on."""
    cursor = session.get_one(ChainCursor, chain_id, with_for_update=True, populate_existing=True)
    cursor.head, cursor.head_at, cursor.read_at, cursor.stopped_because = head, at, clock.now(), None
    session.flush()


def stop(session: Session, chain_id: int, because: str) -> bool:
    """Says why a chain is not read any more; tells whether that is news."""
    cursor = session.get_one(ChainCursor, chain_id, with_for_update=True, populate_existing=True)
    is_news = cursor.stopped_because != because
    cursor.stopped_because, cursor.read_at = because, clock.now()
    session.flush()
    return is_news
