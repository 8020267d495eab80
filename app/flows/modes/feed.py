"""What several models say, in the order in which it came, for one reader.

A reader who is slow stops each of them once 64 KiB of it wait. What may turn out to be part of no answer at all is kept
back until it is known to be one.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.domain import clock
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
        self._kept_back: list[Piece] = []
        self._changed = asyncio.Event()
        self._is_over = self._is_left = self._is_released = False

    def is_full(self, member: Member) -> bool:
        """Tells whether so much of a member waits that it has to."""
        return self._waiting[member.number] >= WAITING_BYTES_MAX

    async def put(self, piece: Piece) -> None:
        """Adds a piece, once there is room for it."""
        while self.is_full(piece.member) and not self._is_left:
            await self._change()
        self._add(piece)

    def keep_back(self, piece: Piece) -> bool:
        """Adds a piece that is read once all that was kept back is released, and tells whether it is read already."""
        if self._is_released:
            self._add(piece)
        else:
            self._kept_back.append(piece)
        return self._is_released

    def release(self) -> bool:
        """Lets what was kept back be read, and what is kept back from now on; tells whether there was any."""
        self._is_released = True
        kept_back, self._kept_back = self._kept_back, []
        for piece in kept_back:
            self._add(piece)
        return bool(kept_back)

    def leave(self) -> None:
        """Says that nobody reads any more: whoever speaks waits for nobody."""
        self._is_left = True
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

    def _add(self, piece: Piece) -> None:
        if self._is_left:
            return
        self._waiting[piece.member.number] += len(piece.text.encode())
        self._pieces.append(piece)
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _change(self) -> None:
        await self._changed.wait()


@contextmanager
def paused(deadline: asyncio.Timeout) -> Iterator[None]:
    """Lets no time of a deadline pass: a reader's slowness is nobody else's."""
    end = deadline.when()
    left = None if end is None else end - clock.monotonic_seconds()
    deadline.reschedule(None)
    try:
        yield
    finally:
        deadline.reschedule(None if left is None else clock.monotonic_seconds() + left)
