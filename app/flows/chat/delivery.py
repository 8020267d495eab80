"""Answers that are carried to their end whoever listens: those with an Idempotency-Key, and where the paywall drains.

Each is made by one task of its own and recorded; the request that asked for it, and every retry with its key, reads
the recording from the beginning. What was charged is kept, sealed, beside the settlement.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

from app import db
from app.domain import clock
from app.domain.errors import CoinslotError, KeyReused, ProviderFailed, StaleDecision, StillRunning
from app.domain.ledger.operations import Applied
from app.domain.legs.legs import Source
from app.domain.paywalls.configuration import Disconnect
from app.domain.usage import idempotency
from app.domain.usage.idempotency import ChatAnswer, Claim
from app.flows.callers.anew import DECISIONS_MAX, Renew
from app.flows.callers.asked import Ask, Stopped
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.answer import Carrier, KeepBytes, Send
from app.flows.chat.call import Call, Run
from app.flows.chat.end import Wording
from app.flows.chat.leg import Legs
from app.ports.seal import Sealer

KEPT_BYTES_MAX, OWN_KEPT_BYTES_MAX = 16_000_000, 4_000_000
"""A longer answer is not kept for a retry; what comes of somebody's own host costs them nothing, and fills our disk."""
RECORDED_BYTES_MAX = 64_000_000
"""How much of an answer is recorded for whoever listens: there may be nobody whose reading slows it down."""
POLL_SECONDS = 0.25
"""How often an answer that another process is making is looked for, and for how long at most."""
POLL_SECONDS_MAX = 300
BEGINNINGS_MAX = 5
"""How often a key may be found free and be taken by another process before its answer has begun."""


class LeavingChanged(StaleDecision):
    """The paywall says otherwise by now whether answers are carried to their end; nothing is held yet."""


class Underway(Protocol):
    """A request whose money is held, whichever way it is answered.

    `has_left` says that its client went away and the answer is carried to its end all the same.
    """

    has_left: bool

    @property
    def id(self) -> str:
        """The request's id."""
        ...

    @property
    def stopped(self) -> Stopped | None:
        """What the answer ended with where money or a limit ended it."""
        ...

    @property
    def source(self) -> Source:
        """Who pays the provider."""
        ...


R = TypeVar("R", bound=Underway)
Begin = Callable[[Claim | None], Awaitable[R | Ask]]
Carry = Callable[[R, Send, KeepBytes | None], Awaitable[bytes]]
"""Carries an answer: sends its pieces and returns the last one, once it is settled, beside which it is kept."""


@dataclass(slots=True)
class Recording:
    """An answer as it is made. `ask` or `failure` stand in its place; `is_replay` if it was made before.

    It `is_broken` as long as nobody can say that it came to an end. `first` is what was kept of one made before.
    """

    body_hash: str
    is_stream: bool
    is_replay: bool = False
    ask: Ask | None = None
    failure: CoinslotError | None = None
    is_broken: bool = False
    run: Underway | None = None
    first: ChatAnswer | None = None
    pieces: list[bytes] = field(default_factory=list)
    is_done: bool = False
    readers: int = 1
    size: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def request_id(self) -> str | None:
        """The request that was charged for it, where that is known."""
        if self.run is not None:
            return self.run.id
        return None if self.first is None else self.first.request_id

    @property
    def action(self) -> str:
        """What its user is asked for, once it is done."""
        if self.run is not None:
            return self.run.stopped or "none"
        return "none" if self.first is None else self.first.action

    @property
    def billing(self) -> Source:
        """Who pays the provider, as far as that is known."""
        if self.run is not None:
            return self.run.source
        return Source.PLATFORM if self.first is None else Source(self.first.billing)

    async def write(self, piece: bytes) -> None:
        """Adds a piece for everybody who listens. Raises ProviderFailed behind the first one that is too much."""
        was_short, self.size = self.size <= RECORDED_BYTES_MAX, self.size + len(piece)
        self.pieces.append(piece)
        self._wake()
        if was_short and self.size > RECORDED_BYTES_MAX:
            raise ProviderFailed(f"The provider's answer is longer than {RECORDED_BYTES_MAX} bytes.")

    def end(self) -> None:
        """Says that nothing more comes."""
        self.is_done = True
        self._wake()

    def leave(self) -> None:
        """Says that somebody no longer listens."""
        self.readers -= 1
        if self.run is not None and not self.is_done and not self.readers:
            self.run.has_left = True

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def begun(self) -> None:
        """Waits until a provider has begun to answer, or for what stands in its place. Raises the failure."""
        while self.run is None and not self.pieces and not self.is_done:
            await self._changed.wait()
        if self.is_done and not self.pieces:
            self._check()

    async def read(self) -> AsyncIterator[bytes]:
        """Yields the answer from its beginning. Raises the failure where it came."""
        position = 0
        while True:
            while position < len(self.pieces):
                position += 1
                yield self.pieces[position - 1]
            if self.is_done:
                break
            await self._changed.wait()
        self._check()

    def _check(self) -> None:
        """Raises what went wrong: for each listener anew, because an error keeps the frames that it comes through."""
        if self.failure is not None:
            raise self.failure.unraised()
        if self.is_broken:
            raise RuntimeError("An answer broke off; the task that made it says why.")


class Deliveries:
    """The answers that this process is making for whoever listens."""

    def __init__(self, legs: Legs, sealer: Sealer) -> None:
        self._legs = legs
        self._sealer = sealer
        self._running: dict[str, Recording] = {}

    def deliver(
        self, claimed: Claim | None, is_stream: bool, begin: Begin[R], carry: Carry[R]
    ) -> tuple[Recording, bool]:
        """Begins an answer, or finds the one that runs with this key already, and tells which. Raises KeyReused.

        The caller listens until it says `leave`.
        """
        found = self._running.get(claimed.id) if claimed else None
        if found is not None and claimed is not None:
            if found.body_hash != claimed.body_hash:
                raise KeyReused("This Idempotency-Key was used before with another body.")
            found.readers += 1
            return found, True
        recording = Recording(claimed.body_hash if claimed else "", is_stream)
        if claimed is not None:
            self._running[claimed.id] = recording
        self._legs.keep(self._make(recording, claimed, begin, carry))
        return recording, False

    async def _make(self, recording: Recording, claimed: Claim | None, begin: Begin[R], carry: Carry[R]) -> None:
        recording.is_broken = True
        try:
            begun = await self._begin(recording, claimed, begin)
            if begun is not None:
                await self._carry(recording, claimed, begun, carry)
            recording.is_broken = False
        except CoinslotError as error:
            recording.failure = error.unraised()
        finally:
            recording.end()
            if claimed is not None:
                del self._running[claimed.id]

    async def _begin(self, recording: Recording, claimed: Claim | None, begin: Begin[R]) -> R | Ask | None:
        """Begins an answer; returns None if it was made before. Another process may take the key up to the hold."""
        if claimed is None:
            return await begin(None)
        for attempt in range(1, BEGINNINGS_MAX + 1):
            if await self._replay(recording, claimed):
                return None
            try:
                return await begin(claimed)
            except StillRunning:
                if attempt == BEGINNINGS_MAX:
                    raise
        return None

    async def _carry(self, recording: Recording, claimed: Claim | None, begun: R | Ask, carry: Carry[R]) -> None:
        if isinstance(begun, Ask):
            recording.ask = begun
            return
        recording.run, begun.has_left = begun, not recording.readers
        recording._wake()
        keep = None if claimed is None else partial(self._kept, claimed, recording)
        await recording.write(await carry(begun, recording.write, keep))

    def _kept(self, claimed: Claim, recording: Recording, _settled: Applied, last: bytes) -> ChatAnswer:
        """Returns an answer as it is kept: sealed; not at all if it is too long."""
        whole = b"".join([*recording.pieces, last])
        if len(whole) > (OWN_KEPT_BYTES_MAX if recording.billing is Source.OWN else KEPT_BYTES_MAX):
            return ChatAnswer(None, recording.is_stream)
        sealed = self._sealer.seal(whole.decode("latin-1"), _context(claimed))
        return ChatAnswer(sealed, recording.is_stream, recording.request_id, recording.action, recording.billing)

    async def _replay(self, recording: Recording, claimed: Claim) -> bool:
        """Gives the answer that was given before; waits for one that another process is making.

        Returns False if the key is free. Raises KeyReused, AnswerForgotten, and StillRunning after a while.
        """
        end = clock.monotonic_seconds() + POLL_SECONDS_MAX
        while found := await db.in_transaction(lambda session: idempotency.read_chat(session, claimed)):
            if found.sealed is not None:
                recording.is_replay, recording.is_stream, recording.first = True, found.is_stream, found
                await recording.write(self._sealer.open(found.sealed, _context(claimed)).encode("latin-1"))
                return True
            if clock.monotonic_seconds() > end:
                raise StillRunning("The first request with this Idempotency-Key is still running.")
            await asyncio.sleep(POLL_SECONDS)
        return False


def goes_to_its_end(call: Call, claimed: Claim | None) -> bool:
    """Tells whether an answer is made whoever listens: it has a key, or the paywall drains."""
    return claimed is not None or call.snapshot.configuration.disconnect is Disconnect.DRAIN


def renewing(call: Call, claimed: Claim | None, renew: Renew) -> Renew:
    """Returns what reads a call's paywall anew; it raises LeavingChanged where that answers it the other way now."""
    was = goes_to_its_end(call, claimed)

    async def renewed(outdated: Snapshot) -> Snapshot:
        call.snapshot = await renew(outdated)
        if goes_to_its_end(call, claimed) is not was:
            raise LeavingChanged("The paywall's settings are changing right now; nothing was charged.")
        return call.snapshot

    return renewed


async def answered_anew(answer: Callable[[], Awaitable[None]]) -> None:
    """Answers a call, from the beginning where it has to be answered the other way. Raises what `answer` does."""
    for _ in range(DECISIONS_MAX - 1):
        try:
            await answer()
        except LeavingChanged:
            continue
        return
    await answer()


def carry_chat(carrier: Carrier, wording: Wording) -> Carry[Run]:
    """Returns what carries a chat's answer, streamed or whole."""

    def carry(run: Run, send: Send, keep: KeepBytes | None) -> Awaitable[bytes]:
        if run.leg.request.is_stream:
            return carrier.stream(run, send, wording, keep)
        return carrier.whole(run, wording, keep)

    return carry


def _context(claimed: Claim) -> str:
    return f"chat_answer:{claimed.id}"
