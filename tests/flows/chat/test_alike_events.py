"""A stream whose events are recognised by their shape is forwarded, counted and held for as one that is read."""

import json
import random
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from app.adapters.providers.key_redactor import redactor_of
from app.domain.errors import InsufficientFunds
from app.flows.chat import meter as hold_meter
from app.flows.chat.meter import HoldMeter
from app.formats.openai_message import text_bytes
from app.formats.openai_stream import StreamMeter
from app.formats.text_bound import EventShape, TextBound
from tests.emulators.dialects import DIALECTS, WORDS

KEY = "sk-operators-own-Zq7w9K2m4X6v8B1n"
TEXTS = ("word ", " a", "", "é🙂", "a\nb", 'a "quote"', "back\\", "[DONE]", "error", '"usage": {"', "timings",
         "event: error", "sk", "-operators-own-", "Zq7w9K2m4X6v8B1n", KEY, KEY[:12], "***", "a" * 300)  # fmt: skip
ODD = (b": note\n\n", b"data: [DONE]\n\n", b'data: {"choices": [], "usage": {"completion_tokens": 9}}\n\n',
       b'data: {"error": {"message": "no"}}\n\n', b"event: error\ndata: {}\n\n", b"\n",
       b"data: {broken\n\n")  # fmt: skip
STEP = 40


def stream_of(chance: random.Random) -> bytes:
    """Returns what a provider may say in its dialect: words, some of them odd or of the key, and what else there is."""
    dialect = chance.choice(list(DIALECTS.values()))
    events = dialect.events()
    begun, last, end = (
        events[: dialect.lead],
        events[dialect.lead + len(WORDS) - 1],
        events[dialect.lead + len(WORDS) :],
    )
    texts = chance.sample(TEXTS, 4) + ["word "] * 8
    words = [last.replace(WORDS[-1].encode(), _written(chance.choice(texts))) for _ in range(chance.randint(1, 40))]
    if chance.random() < 0.5:
        words.insert(chance.randint(1, len(words)), chance.choice(ODD))
    if chance.random() < 0.2:
        words.insert(chance.randint(0, len(words)), last.replace(b'"index": 0', b'"index": 1'))
    return b"".join([*begun, *words, *end])


def _written(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


def pieces_of(raw: bytes, chance: random.Random) -> list[bytes]:
    """Returns a stream as it may arrive: event by event, several at once, or cut anywhere."""
    ends = [place + 2 for place in range(len(raw) - 1) if raw[place : place + 2] == b"\n\n"]
    places = {end for end in ends if chance.random() < chance.choice((0.3, 0.9, 1.0))}
    places |= set(chance.sample(range(len(raw)), chance.choice((0, 0, 3, 12))))
    return [raw[begin:end] for begin, end in pairwise(sorted({0, len(raw), *places}))]


class Wallet:
    """A chat and its run for a meter of holds, at a nano a token; `asked` is every extension with what was counted."""

    def __init__(self, nanos: int) -> None:
        self.left = nanos
        self.asked: list[tuple[int, int]] = []
        bound = SimpleNamespace(
            choices=1,
            affordable_tokens=lambda offer, total, nanos: min(total, nanos),
            nanos_of_all=lambda offer, tokens: tokens,
        )
        self.run: Any = SimpleNamespace(
            held=SimpleNamespace(amount=STEP),
            leg=SimpleNamespace(output_limit=500, bound=bound, offer=None, request=SimpleNamespace(model="m")),
        )

    async def extend(self, run: Any, nanos: int, metered: Any) -> None:
        """Extends the hold as a ledger does: by all of it, or not at all."""
        self.asked.append((nanos, metered.tokens.output))
        if nanos > self.left:
            raise InsufficientFunds("balance", self.left, nanos)
        self.left -= nanos
        run.held.amount += nanos


class Letters:
    """Counts four bytes a token."""

    def count(self, text: str, model: str) -> int | None:
        return len(text.encode()) // 4


class Exactly(TextBound):
    """Bounds every event by reading it."""

    def of(self, events: bytes) -> int:
        return text_bytes(events)

    def shape_of(self, events: bytes) -> EventShape | None:
        return None


async def carried(pieces: list[bytes], bound: TextBound, key: str | None, nanos: int) -> tuple[Any, ...]:
    """Returns all that can be told of a stream: what passed, piece by piece, what was extended, usage and the end."""
    wallet, meter = Wallet(nanos), StreamMeter(bound=bound, redactor=redactor_of(key))
    watch: Any = HoldMeter(wallet, wallet.run, Letters(), bound)  # type: ignore[arg-type]
    watch._prompt_tokens = 3
    passed, admitted = [], []
    for piece in pieces:
        passed.append(meter.feed(piece))
        if passed[-1]:
            admitted.append(await watch.admits(passed[-1]))
            if not admitted[-1]:
                meter.take_back()
                break
        if meter.is_done or meter.error:
            break
    else:
        passed.append(meter.end())
    said = [meter.usage, meter.usage_event, meter.head, meter.is_done, meter.error, meter.kept, meter.delivered()]
    tokens = [meter.final_tokens(is_cut=is_cut) for is_cut in (False, True)]
    return passed, admitted, wallet.asked, said, tokens, meter.open_choices(), meter.has_finish_reason()


@pytest.mark.parametrize("seed", range(40))
async def test_what_is_recognised_passes_as_what_is_read(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold_meter, "STEP_TOKENS", STEP)
    monkeypatch.setattr(hold_meter, "LEFT_TOKENS_MIN", 8)
    chance = random.Random(seed)
    for _ in range(8):
        raw = stream_of(chance)
        pieces, key, nanos = pieces_of(raw, chance), chance.choice((None, KEY)), chance.choice((0, 50, 10_000))
        quick = await carried(pieces, TextBound(), key, nanos)
        assert quick == await carried(pieces, Exactly(), key, nanos)
        assert key is None or key.encode() not in b"".join(quick[0])


@pytest.mark.parametrize("key", [None, KEY])
def test_events_of_one_shape_are_recognised(key: str | None) -> None:
    meter, dialect = StreamMeter(redactor=redactor_of(key)), DIALECTS["openai"]
    words = dialect.events()[: len(WORDS)]
    for word in words[:2]:
        assert meter.feed(word) == word
    for piece in (words[2], b"".join(words[3:5])):
        assert meter.feed(piece) is piece is meter.bound.noted
        assert meter.bound.noted_bytes == text_bytes(piece)
    last = dialect.events()[-2]
    assert meter.feed(last) == b"" and meter.usage is not None and meter.bound.noted is piece
