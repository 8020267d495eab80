"""A request that has ended, however it ended, is gone at once: no cycle, no list and no frame keeps its body.

Nothing else bounds what strangers without money can fill. Counted with the collector off, in one process with the
real adapters, in front of an upstream of its own.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import orjson
import pytest

from app import commit_queue, settings, wiring
from app.api.common.body_room import ROOM
from app.api.v1 import chat as api_chat
from app.domain.errors import Unavailable
from app.domain.ledger.operations import Epoch
from app.domain.money import NANOS
from app.domain.paywalls.limits import KeyLimits, Limits
from app.domain.paywalls.provider import ProviderSetting
from app.flows.callers.snapshot import Snapshot
from app.flows.limits.limiter import RateReached
from app.formats.openai_request import ChatRequest
from tests.emulators import upstream
from tests.support.books import PRICE, assert_books_balance, give, make_snapshot

_numbers = count()
MARK = "a body that is looked for "
MODELS = (
    "ok",
    "ok:400",
    "ok:400:20",
    "cut",
    "error-500",
    "error-mid-stream",
    "garbage",
    "redirect",
    "error-first",
    "slow-first:8:20000",
)
KEYED = (b"idempotency-key", b"k")


@dataclass
class Ending:
    """A request, how it is made to end, and what its first status is."""

    model: str = "ok"
    user: str = "rich"
    status: int | None = 200
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: tuple[tuple[bytes, bytes], ...] = ()
    leaves: bool = False
    times: int = 1


STREAM = {"stream": True}
ENDINGS = {
    "settled": Ending(),
    "streamed": Ending(more=STREAM),
    "keyed": Ending(headers=(KEYED,), times=2),
    "keyed and streamed": Ending(more=STREAM, headers=(KEYED,), times=2),
    "refused for money": Ending(user="poor"),
    "refused for money, streamed": Ending(user="poor", more=STREAM),
    "refused for money, keyed": Ending(user="poor", headers=(KEYED,)),
    "refused for money, strict": Ending(user="poor", status=402, headers=((b"x-paywall-errors", b"http"),)),
    "stopped for money": Ending("ok:400", "small", more=STREAM),
    "refused by a limit": Ending(user="limited", status=429),
    "stale": Ending(user="stale", status=503),
    "blocked": Ending(user="blocked", status=403),
    "frozen": Ending(user="frozen", status=403),
    "unavailable": Ending(user="unavailable", status=503),
    "provider failed": Ending("error-500", status=502),
    "provider failed, keyed": Ending("error-500", status=502, headers=(KEYED,)),
    "provider cut": Ending("cut", more=STREAM),
    "provider cut, whole": Ending("cut", status=502),
    "provider cut, keyed": Ending("cut", more=STREAM, headers=(KEYED,)),
    "provider broke off with an error": Ending("error-mid-stream", more=STREAM),
    "provider began with an error": Ending("error-first", status=502, more=STREAM),
    "provider is none": Ending("garbage", status=502),
    "provider leads elsewhere": Ending("redirect", status=502),
    "client gone": Ending("ok:400:20", more=STREAM, leaves=True),
    "client gone, whole": Ending("slow-first:8:20000", leaves=True, status=None),
    "no such model": Ending("none", status=404),
    "no such n": Ending(more={"n": 1_000}, status=400),
    "no such user": Ending(user="a b", status=400),
    "a way back of somebody else": Ending(status=400, headers=((b"x-paywall-return-url", b"https://evil.example"),)),
}


def live() -> int:
    """Returns how many requests and bodies there are, wherever they are kept."""
    found = gc.get_objects()
    bodies = [held for held in found if type(held) is dict and "messages" in held and held.get("seed") == 4_711]
    return len(bodies) + sum(isinstance(held, ChatRequest) for held in found)


@dataclass
class Client:
    """A client of the app in this process."""

    snapshots: Mapping[str, Snapshot]
    statuses: list[int] = field(default_factory=list)

    async def send(self, ending: Ending) -> int:
        """Sends a request, and returns how many more hold its bytes once nothing of it runs any more."""
        body = {"model": ending.model, "user": ending.user, "seed": 4_711, "max_tokens": 3_000, **ending.more}
        raw = orjson.dumps({**body, "messages": [{"role": "user", "content": MARK * 1_000}]})
        before = sys.getrefcount(raw)
        chatting = asyncio.create_task(self._chat(raw, ending))
        await asyncio.wait((chatting,))
        chatting.result()
        del chatting
        await wiring.get().keeper.drain(5)
        await asyncio.sleep(0.02)
        return sys.getrefcount(raw) - before

    async def _chat(self, raw: bytes, ending: Ending) -> None:
        left, asked = asyncio.Event(), asyncio.Event()

        async def receive() -> MutableMapping[str, Any]:
            if asked.is_set():
                await left.wait()
                return {"type": "http.disconnect"}
            asked.set()
            if ending.leaves:
                asyncio.get_running_loop().call_later(0.3, left.set)
            return {"type": "http.request", "body": raw}

        async def send(message: MutableMapping[str, Any]) -> None:
            if "status" in message:
                self.statuses.append(message["status"])

        name = self.snapshots.get(ending.user, self.snapshots["rich"])
        length = str(len(raw)).encode()
        headers = [(b"authorization", name.paywall_id.encode()), (b"content-length", length), *ending.headers]
        scope = {"headers": headers, "path": "/v1/chat/completions", "coinslot.request_id": f"req_{next(_numbers)}",
                 "coinslot.headers": []}  # fmt: skip
        await api_chat.chat(scope, receive, send)


@asynccontextmanager
async def started(monkeypatch: pytest.MonkeyPatch, emulated: upstream.RunningUpstream) -> AsyncIterator[Client]:
    """Runs the flows of a process for users of every kind."""
    settings.configure(allow_private_addresses=True, data=settings.get().data, silence_seconds_max=2)
    prices = {model: replace(PRICE, model=model) for model in MODELS}
    plain = make_snapshot(prices, ProviderSetting("upstream", emulated.base_url))
    limits = KeyLimits(Limits(), {}, Limits(), Limits(tokens_per_request=20))
    snapshots = {
        "rich": plain,
        "limited": replace(plain, paywall_id="limited", limits=limits),
        "stale": replace(plain, paywall_id="stale", epochs=(Epoch(plain.epochs[0].subject, 99),)),
        "blocked": replace(plain, paywall_id="blocked", blocked=frozenset({"blocked"})),
        "frozen": replace(plain, paywall_id="frozen", frozen=frozenset({"frozen"})),
    }
    for user, nanos in {"rich": 10 * NANOS, "small": 14_000_000, "unavailable": NANOS}.items():
        await give(plain, user, nanos)

    async def find_caller(authorization: bytes) -> Snapshot:
        return {snapshot.paywall_id: snapshot for snapshot in snapshots.values()}[authorization.decode()]

    monkeypatch.setattr(api_chat, "find_payer", find_caller)
    monkeypatch.setattr("app.api.common.caller.find_caller", find_caller)
    monkeypatch.setattr("app.api.common.body.LONG_BYTES", 1_000)
    wired = wiring.Wiring()
    wiring.replace(wired)
    wired.queue.start()
    gc.collect()
    gc.freeze()  # what was there before is not looked through
    gc.disable()
    try:
        yield Client(snapshots)
    finally:
        gc.enable()
        gc.unfreeze()
        await wired.keeper.drain(10)
        await wired.queue.drain()
        await wired.providers.close()
        wiring.replace(None)
        settings.configure()


@pytest.mark.slow
async def test_a_request_that_has_ended_is_kept_by_nobody(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch, emulated: upstream.RunningUpstream
) -> None:
    """Only many requests, one after another, show that none of them is kept."""
    found: dict[str, Any] = {}
    async with started(monkeypatch, emulated) as client:
        for name, ending in ENDINGS.items():
            client.statuses.clear()
            with pytest.MonkeyPatch.context() as patch:
                if ending.user == "unavailable":
                    _be_away(patch)
                kept = [await client.send(replace(ending, headers=_own_key(name, ending))) for _ in range(ending.times)]
            found[name] = (live(), max(kept), ROOM.taken_bytes, set(client.statuses))
    assert found == {name: (0, 0, 0, {ending.status} - {None}) for name, ending in ENDINGS.items()}
    assert_books_balance()


def _own_key(name: str, ending: Ending) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((KEYED[0], name.encode()) if header == KEYED else header for header in ending.headers)


def _be_away(monkeypatch: pytest.MonkeyPatch) -> None:
    write, failures = commit_queue._write, iter([True, True])

    def fails_twice(*given: Any, pipelined: bool) -> Any:
        if next(failures, False):
            raise Unavailable("The database is away.")
        return write(*given, pipelined=pipelined)

    monkeypatch.setattr(commit_queue, "_write", fails_twice)


def test_what_limits_refuse_is_told_by_their_own_error() -> None:
    assert RateReached("Enough.", "rate_limit", 1).unraised().retry_after_seconds == 1
