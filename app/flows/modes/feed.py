"""What several models say, in the order in which it came, for one reader.

A reader who is slow stops each of them once 64 KiB of it wait.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from app.flows.modes.members import Member

WAITING_BYTES_MAX = 65_536


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of what a model says."""

    member: Member
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A model has come to its end. `shows_text`: nobody has seen what it said, and it is shown now."""

    member: Member
    shows_text: bool = False

    @property
    def text(self) -> str:
        """What is shown by it."""
        return self.member.text if self.shows_text else ""


Piece = Said | Ended


class Feed:
    """Pieces between those who speak and the one who reads."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self._waiting: dict[int, int] = defaultdict(int)
        self._changed = asyncio.Event()
        self._is_over = False

    def is_full(self, member: Member) -> bool:
        """Tells whether so much of a member waits that it has to."""
        return self._waiting[member.number] >= WAITING_BYTES_MAX

    async def put(self, piece: Piece) -> None:
        """Adds a piece, once there is room for it."""
        number = piece.member.number
        while self.is_full(piece.member):
            await self._change()
        self._waiting[number] += len(piece.text.encode())
        self._pieces.append(piece)
        self._wake()

    def end(self) -> None:
        """Says that nothing more comes."""
        self._is_over = True
        self._wake()

    async def read(self) -> AsyncGenerator[Piece, None]:
        """Yields what was said; a piece has been taken when the next one is asked for."""
        while True:
            while self._pieces:
                piece = self._pieces.popleft()
                yield piece
                self._waiting[piece.member.number] -= len(piece.text.encode())
                self._wake()
            if self._is_over:
                return
            await self._change()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _change(self) -> None:
        await self._changed.wait()
