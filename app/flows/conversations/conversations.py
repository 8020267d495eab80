"""What people said to models and were answered, kept for them alone.

A text is sealed for its account and its conversation, so that a row that was moved opens nowhere. Nothing of it is ever
logged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import structlog
from sqlalchemy.orm import Session

from app import db, threads
from app.domain import clock
from app.domain.conversations import conversations as rows
from app.domain.conversations import privacy
from app.domain.conversations.conversations import Kept, KeptTurn
from app.domain.conversations.said import TITLE_CHARACTERS_MAX, Said, title_of
from app.domain.errors import BadField, NotFound
from app.ports.seal import Sealer

log = structlog.get_logger()

NEW = "New conversation"
"""What one without a title is called where it is shown."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as its owner sees it; times are in microseconds."""

    id: str
    title: str | None
    turns: int
    created_at: int
    changed_at: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as its owner sees it."""

    request_id: str
    conversation_id: str
    mode: str
    said: Said
    created_at: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of conversations, and how many there are in all."""

    conversations: Sequence[Conversation]
    total: int


class Conversations:
    """The conversations of all accounts; `account_id` is always whose they are."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def begin(self, account_id: str) -> Conversation:
        """Opens a conversation. Raises BadField for an account that has as many as it may."""
        made = await db.in_transaction(lambda session: rows.begin(session, account_id), writes=True)
        return self._open(made)

    async def list_of(self, account_id: str, limit: int, offset: int, *, with_turns: bool = False) -> Listed:
        """Lists conversations, the one that was last spoken in first; `with_turns`, none that is empty."""

        def read(session: Session) -> tuple[Sequence[Kept], int]:
            found = rows.list_of(session, account_id, limit, offset, with_turns=with_turns)
            return found, rows.count(session, account_id)

        found, total = await db.in_transaction(read)
        return Listed([self._open(kept) for kept in found], total)

    async def read(self, account_id: str, conversation_id: str) -> tuple[Conversation, Sequence[Turn]]:
        """Returns a conversation and what was said in it, the oldest first. Raises NotFound."""

        def read(session: Session) -> tuple[Kept, Sequence[KeptTurn]]:
            kept = rows.find(session, account_id, conversation_id)
            return kept, rows.list_turns(session, account_id, conversation_id)

        kept, turns = await db.in_transaction(read)
        opened = await threads.PARSE.run(lambda: [self._open_turn(account_id, turn) for turn in turns])
        return self._open(kept), opened

    async def check(self, account_id: str, conversation_id: str) -> None:
        """Raises NotFound where an account has no such conversation."""
        await db.in_transaction(lambda session: rows.find(session, account_id, conversation_id))

    async def rename(self, account_id: str, conversation_id: str, title: str) -> Conversation:
        """Gives a conversation a title, or takes it away with an empty one. Raises NotFound, BadField.

        Where the account wants nothing kept, it gets none.
        """
        words = " ".join(title.split())
        if len(words) > TITLE_CHARACTERS_MAX or not words.isprintable():
            raise BadField("title", f"`title` must be up to {TITLE_CHARACTERS_MAX} printable characters.")
        sealed = self._sealer.seal(words, _title_context(account_id, conversation_id)) if words else None

        def write(session: Session) -> Kept:
            rows.take_account(session, account_id)
            kept = None if privacy.keeps_nothing(session, account_id) else sealed
            return rows.rename(session, account_id, conversation_id, kept)

        return self._open(await db.in_transaction(write, writes=True))

    async def forget(self, account_id: str, conversation_id: str) -> None:
        """Deletes a conversation with all that was said in it. Raises NotFound."""
        await db.in_transaction(lambda session: rows.forget(session, account_id, conversation_id), writes=True)
        log.info("conversation", conversation=conversation_id, step="deleted")

    async def keep(self, account_id: str, turn: Turn) -> bool:
        """Keeps a turn, and tells whether it is kept: not where the account wants nothing kept, the conversation is
        gone, or has no more room.
        """
        content = orjson.dumps(turn.said.to_json()).decode()
        context = _context(account_id, turn.conversation_id)
        kept = KeptTurn(turn.request_id, turn.conversation_id, turn.mode, self._sealer.seal(content, context),
                        turn.created_at)  # fmt: skip
        named = title_of(turn.said.question)
        title = self._sealer.seal(named, _title_context(account_id, turn.conversation_id)) if named else None

        def write(session: Session) -> bool:
            rows.take_account(session, account_id)
            if privacy.keeps_nothing(session, account_id):
                return False
            try:
                return rows.add(session, account_id, kept, title, turn.said.is_stopped)
            except NotFound:
                return False

        return await db.in_transaction(write, writes=True)

    async def find_turn(self, account_id: str, request_id: str) -> Turn | None:
        """Returns what is kept of one of an account's requests."""
        found = await db.in_transaction(lambda session: rows.turns_of(session, account_id, [request_id]))
        return self._open_turn(account_id, found[request_id]) if request_id in found else None

    async def find_places(self, account_id: str, request_ids: Sequence[str]) -> dict[str, str]:
        """Returns in which conversations some of an account's requests are kept, by the requests' ids; none is opened
        for that."""
        return await db.in_transaction(lambda session: rows.places_of(session, account_id, request_ids))

    def _open(self, kept: Kept) -> Conversation:
        context = _title_context(kept.account_id, kept.id)
        title = None if kept.title is None else self._sealer.open(kept.title, context)
        return Conversation(kept.id, title, kept.turns, kept.created_at, kept.changed_at)

    def _open_turn(self, account_id: str, kept: KeptTurn) -> Turn:
        opened = self._sealer.open(kept.content, _context(account_id, kept.conversation_id))
        said = Said.from_json(orjson.loads(opened))
        return Turn(kept.request_id, kept.conversation_id, kept.mode, said, kept.created_at)


def new_turn(request_id: str, conversation_id: str, mode: str, said: Said) -> Turn:
    """Returns a turn of now."""
    return Turn(request_id, conversation_id, mode, said, clock.now())


def _context(account_id: str, conversation_id: str) -> str:
    return f"conversation:{account_id}:{conversation_id}"


def _title_context(account_id: str, conversation_id: str) -> str:
    return f"conversation_title:{account_id}:{conversation_id}"
