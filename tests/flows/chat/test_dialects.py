"""Every dialect of `tests/emulators/dialects.py` is charged to the token: whole, streamed, left in the middle."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import db, settings
from app.domain.money import NANOS
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import TokenKind, Tokens, charge_nanos
from app.domain.wallets.wallets import Balance
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from app.formats.event_stream import contents
from app.formats.openai_message import Written
from app.formats.openai_stream import StreamMeter
from app.formats.openai_usage import read_usage
from tests.emulators.dialects import DIALECTS, TEXT, WORDS, Dialect
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import balance, describe, receipt
from tests.support.scripted import COUNTER, DONE, Scripted, flows, request
from tests.support.spec import check_chunk

PRICE = NewPrice("demo-mini", 1 * NANOS, 2 * NANOS, NANOS // 10, cache_write_nanos=5 * NANOS // 4,
                 reasoning_nanos=3 * NANOS, context_tokens_max=128_000, output_tokens_max=4_000)  # fmt: skip


@pytest.fixture
def database(data_dir: Path, migrated_sqlite_url: str) -> Iterator[str]:
    """One database is enough: what a dialect says reaches the books as numbers."""
    settings.configure(data=data_dir, database_url=migrated_sqlite_url)
    yield migrated_sqlite_url
    db.dispose()


every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)


def assert_charged(snapshot: Snapshot, run: Run, tokens: Tokens, *, estimated: bool = False) -> None:
    """Fails unless exactly these tokens were charged, kind by kind."""
    found = receipt(snapshot)
    assert (found.status, found.estimated) == ("settled", estimated)
    kinds = {TokenKind(line.kind): line.tokens for line in found.lines}
    assert kinds == dict(tokens.by_kind())
    assert balance(snapshot) == Balance(NANOS - charge_nanos(run.leg.offer.price, tokens), 0)
    assert_books_balance()


@every_dialect
async def test_a_whole_answer_is_charged_to_the_token(database: str, dialect: Dialect) -> None:
    snapshot = make_snapshot({"demo-mini": PRICE})
    await give(snapshot, "ada", NANOS)
    provider = Scripted(dialect.whole(), content_type=dialect.content_type)
    async with running_queue() as queue:
        chat, carrier = flows(queue, provider)
        run = await chat.begin(snapshot, "ada", request(), "req_1", None)
        assert isinstance(run, Run)
        body = json.loads(await carrier.whole(run, describe))
    assert body["choices"] == json.loads(dialect.whole())["choices"] and "paywall" in body
    assert_charged(snapshot, run, dialect.tokens)


async def carried(
    dialect: Dialect, pieces: Sequence[bytes | Exception | None], *, wants_usage: bool = False
) -> tuple[bytes, Snapshot, Run]:
    """Carries a stream of a dialect; its client leaves where nothing more comes (None). Returns what it got."""
    snapshot, sent = make_snapshot({"demo-mini": PRICE}), []

    async def send(data: bytes) -> None:
        sent.append(data)

    await give(snapshot, "ada", NANOS)
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if wants_usage else {}
    provider = Scripted(*pieces, content_type=dialect.content_type)
    async with running_queue() as queue:
        chat, carrier = flows(queue, provider)
        run = await chat.begin(snapshot, "ada", request(stream=True, **options), "req_1", None)
        assert isinstance(run, Run)
        if pieces[-1] is None:
            carrying = asyncio.create_task(carrier.stream(run, send, describe))
            await provider.answer.fell_silent.wait()
            carrying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await carrying
        else:
            await send(await carrier.stream(run, send, describe))
    assert_books_balance()
    return b"".join(sent), snapshot, run


@every_dialect
@pytest.mark.parametrize("wants_usage", [False, True])
async def test_a_stream_is_charged_to_the_token(database: str, dialect: Dialect, wants_usage: bool) -> None:
    got, snapshot, run = await carried(dialect, dialect.events(), wants_usage=wants_usage)
    assert got.endswith(DONE)
    assert_charged(snapshot, run, dialect.tokens)
    said = [event for event in contents(got) if event.get("usage")]
    if wants_usage:
        (usage,) = said
        assert usage["choices"] == [] and "paywall" in usage and isinstance(usage["usage"], dict)
        assert {"prompt_tokens", "completion_tokens"} <= usage["usage"].keys()
        check_chunk({"created": 0, "model": "m", **usage, "usage": {"total_tokens": 0, **usage["usage"]}})
        assert b'"x_groq": {"id": "req_1", "usage"' not in got


@pytest.mark.unhurried
@every_dialect
async def test_who_leaves_in_the_middle_pays_for_what_came(database: str, dialect: Dialect) -> None:
    said = 3
    _, snapshot, _ = await carried(dialect, [*dialect.events()[: dialect.lead + said], None])
    found = receipt(snapshot)
    output = sum(line.tokens for line in found.lines if line.kind in ("output", "reasoning"))
    running = read_usage(dialect.running(said)) if dialect.running else None
    counted = COUNTER.count(dialect.thought_text + "".join(WORDS[:said]), "demo-mini")
    assert (found.status, found.disconnect, output) == ("settled", "cancel", running.output if running else counted)
    assert found.estimated is (running is None)


@every_dialect
async def test_without_usage_the_same_words_are_counted(database: str, dialect: Dialect) -> None:
    silent = replace(dialect, usage={}, running=None)
    _, snapshot, _ = await carried(dialect, silent.events())
    found = receipt(snapshot)
    assert found.lines[-1].tokens == COUNTER.count(dialect.thought_text + TEXT, "demo-mini") and found.estimated


@given(st.sampled_from(list(DIALECTS.values())), st.lists(st.integers(0, 4_000), max_size=30))
def test_any_cut_of_a_dialect_reads_the_same(dialect: Dialect, cuts: list[int]) -> None:
    raw = b"".join(dialect.events())
    places = sorted({0, len(raw), *(min(cut, len(raw)) for cut in cuts)})
    meter, whole = StreamMeter(), StreamMeter()
    passed = b"".join(meter.feed(raw[a:b]) for a, b in pairwise(places)) + meter.end()
    assert list(contents(passed)) == list(contents(whole.feed(raw) + whole.end()))
    assert meter.usage == whole.usage and meter.usage is not None and meter.usage.tokens == dialect.tokens
    assert meter.delivered() == Written(dialect.thought_text + TEXT)
