"""An app that asks with an idempotency key, in one process after another."""

from collections.abc import Awaitable, Callable
from itertools import count

from app.adapters.secret_box import SecretBox
from app.commit_queue import CommitQueue
from app.domain.usage.idempotency import Claim, claim
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from app.flows.chat.delivery import Deliveries, Recording, carry_chat
from tests.support.carrying import describe
from tests.support.chat import Chat
from tests.support.scripted import DONE, LAST, Scripted, event, flows, request

Begin = Callable[[Claim | None], Awaitable[Run | Ask]]
_numbers = count()
STREAMED = (event("one "), event("two"), LAST, DONE)


class Asking:
    """An app that asks with a key, of one paywall and provider."""

    def __init__(self, queue: CommitQueue, snapshot: Snapshot, *, is_stream: bool = True) -> None:
        self.queue, self.snapshot, self.is_stream = queue, snapshot, is_stream
        self.provider = Scripted()
        self.runs: list[Run] = []
        self.chats: list[Chat] = []
        self.use(Scripted())

    def use(self, provider: Scripted) -> None:
        """Makes a process of its own, in front of a provider."""
        self.provider = provider
        self.chat, self.carrier = flows(self.queue, provider)
        self.chats.append(self.chat)  # whose work would be collected in the middle if nobody knew of it
        self.deliveries = Deliveries(self.chat.legs, SecretBox([b"secret"]))

    def ask(self, key: str | None = "k", body: bytes = b"{}") -> tuple[Recording, bool]:
        request_id = f"req_{next(_numbers)}"

        async def begin(claimed: Claim | None) -> Run | Ask:
            asked = request(stream=self.is_stream)
            run = await self.chat.begin(self.snapshot, "ada", asked, request_id, None, claimed)
            if isinstance(run, Run):
                self.runs.append(run)
            return run

        claimed = claim(key, self.snapshot.paywall_id, "chat", "ada", body)
        return self.deliveries.deliver(claimed, self.is_stream, begin, carry_chat(self.carrier, describe))

    async def end(self) -> None:
        """Ends what still runs in any of the processes."""
        for chat in self.chats:
            await chat.keeper.drain(0)

    async def answer(self, key: str | None = "k", body: bytes = b"{}") -> tuple[bytes, bool]:
        """Returns a whole answer, and whether it is a replay."""
        recording, is_attached = self.ask(key, body)
        await recording.begun()
        try:
            return b"".join([piece async for piece in recording.read()]), is_attached or recording.is_replay
        finally:
            recording.leave()
