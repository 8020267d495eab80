"""Conversations of accounts: rows whose texts somebody else seals and opens. Whoever asks for another's finds none."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.conversations.tables import ConversationRow, ConversationTurn
from app.domain.errors import BadField, NotFound
from app.domain.ids import as_id, new_id
from app.domain.turns import take_turns
from app.sql.columns import table_of

CONVERSATIONS, TURNS = table_of(ConversationRow), table_of(ConversationTurn)
CONVERSATIONS_MAX = 2_000
"""How many conversations an account may have."""
TURNS_MAX = 500
"""How many turns a conversation may have."""
BYTES_MAX = 16_000_000
"""How much a conversation may hold, sealed, for another turn to be kept in it: all of it is read at once."""
COUNTED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation as its row has it: the title is sealed, and times are in microseconds."""

    id: str
    account_id: str
    title: str | None
    turns: int
    created_at: int
    changed_at: int


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """A turn as its row has it: `content` is sealed."""

    request_id: str
    conversation_id: str
    mode: str
    content: str
    created_at: int


def take_account(session: Session, account_id: str) -> None:
    """Waits until nobody else writes an account's conversations, and is alone at that until the transaction's end."""
    take_turns(session, f"conversations:{account_id}")


def begin(session: Session, account_id: str) -> Kept:
    """Opens a conversation. Raises BadField for an account that has as many as it may."""
    take_account(session, account_id)
    if count(session, account_id) >= CONVERSATIONS_MAX:
        message = f"An account keeps {CONVERSATIONS_MAX:,} conversations at most. Delete some to begin another."
        raise BadField(None, message, "too_many_conversations")
    now = clock.now()
    row = ConversationRow(id=new_id("conv"), account_id=account_id, created_at=now, changed_at=now)
    session.add(row)
    session.flush()
    return _kept(row)


def find(session: Session, account_id: str, conversation_id: str, *, is_locked: bool = False) -> Kept:
    """Returns a conversation of an account. Raises NotFound, for anybody else's too."""
    return _kept(_own(session, account_id, conversation_id, is_locked=is_locked))


def list_of(
    session: Session, account_id: str, limit: int, offset: int = 0, *, with_turns: bool = False
) -> Sequence[Kept]:
    """Lists an account's conversations, the one that was last spoken in first; `with_turns`, none that is empty."""
    found = select(ConversationRow).where(CONVERSATIONS.c.account_id == account_id)
    if with_turns:
        found = found.where(CONVERSATIONS.c.turns > 0)
    newest = found.order_by(CONVERSATIONS.c.changed_at.desc(), CONVERSATIONS.c.id.desc())
    return [_kept(row) for row in session.scalars(newest.limit(limit).offset(offset))]


def count(session: Session, account_id: str) -> int:
    """Returns how many conversations an account has."""
    found = select(func.count()).select_from(CONVERSATIONS).where(CONVERSATIONS.c.account_id == account_id)
    return int(session.scalar(found) or 0)


def rename(session: Session, account_id: str, conversation_id: str, title: str | None) -> Kept:
    """Gives a conversation a sealed title, or None. Raises NotFound."""
    row = _own(session, account_id, conversation_id, is_locked=True)
    row.title = title
    session.flush()
    return _kept(row)


def forget(session: Session, account_id: str, conversation_id: str) -> None:
    """Deletes a conversation with all that was said in it. Raises NotFound."""
    take_account(session, account_id)
    row = _own(session, account_id, conversation_id, is_locked=True)
    session.execute(delete(TURNS).where(TURNS.c.conversation_id == row.id))
    session.delete(row)
    session.flush()


def add(session: Session, account_id: str, turn: KeptTurn, title: str | None, is_stopped: bool = False) -> bool:
    """Adds a turn to a conversation whose account is taken, and tells whether there is still room for it.

    One that is there was asked again with the same key, and says what was heard this time, unless that `is_stopped`.
    `title` is the conversation's where it had none. Raises NotFound for one that is gone.
    """
    row = _own(session, account_id, turn.conversation_id, is_locked=True)
    known = session.get(ConversationTurn, turn.request_id, populate_existing=True)
    if known is not None:
        is_same = known.conversation_id == row.id
        known.content = turn.content if is_same and not is_stopped else known.content
        return is_same
    if row.turns >= TURNS_MAX or _bytes_of(session, row.id) >= BYTES_MAX:
        return False
    session.add(ConversationTurn(
        request_id=turn.request_id, conversation_id=row.id, account_id=account_id, mode=turn.mode,
        content=turn.content, created_at=turn.created_at,
    ))  # fmt: skip
    row.turns, row.changed_at, row.title = row.turns + 1, clock.now(), row.title or title
    session.flush()
    return True


def list_turns(session: Session, account_id: str, conversation_id: str) -> Sequence[KeptTurn]:
    """Lists what was said in a conversation, the oldest first. Raises NotFound."""
    own = _own(session, account_id, conversation_id, is_locked=False)
    found = select(ConversationTurn).where(TURNS.c.conversation_id == own.id).order_by(TURNS.c.request_id)
    return [_turn(row) for row in session.scalars(found)]


def places_of(session: Session, account_id: str, request_ids: Sequence[str]) -> dict[str, str]:
    """Returns in which conversations some of an account's requests are kept, by the requests' ids."""
    found = select(TURNS.c.request_id, TURNS.c.conversation_id)
    ours = found.where(TURNS.c.request_id.in_(request_ids), TURNS.c.account_id == account_id)
    return {row.request_id: row.conversation_id for row in session.execute(ours)}


def turns_of(session: Session, account_id: str, request_ids: Sequence[str]) -> dict[str, KeptTurn]:
    """Returns what is kept of some of an account's requests, by their ids."""
    found = select(ConversationTurn).where(TURNS.c.request_id.in_(request_ids), TURNS.c.account_id == account_id)
    return {row.request_id: _turn(row) for row in session.scalars(found)}


def _bytes_of(session: Session, conversation_id: str) -> int:
    size = select(func.sum(func.length(TURNS.c.content))).where(TURNS.c.conversation_id == conversation_id)
    return int(session.scalar(size) or 0)


def _own(session: Session, account_id: str, conversation_id: str, *, is_locked: bool) -> ConversationRow:
    key = as_id(conversation_id)
    row = session.get(ConversationRow, key, with_for_update=is_locked or None, populate_existing=is_locked)
    if row is None or row.account_id != account_id:
        raise NotFound("There is no such conversation.")
    return row


def _kept(row: ConversationRow) -> Kept:
    return Kept(row.id, row.account_id, row.title, row.turns, row.created_at, row.changed_at)


def _turn(row: ConversationTurn) -> KeptTurn:
    return KeptTurn(row.request_id, row.conversation_id, row.mode, row.content, row.created_at)
