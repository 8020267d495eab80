"""Limits of spending are exact, whatever the concurrency, for chats and for manual charges."""

import asyncio
from datetime import UTC, datetime

import pytest

from app import db
from app.domain import clock
from app.domain.errors import LimitReached
from app.domain.ids import new_id
from app.domain.money import NANOS
from app.domain.paywalls.limits import Limits, PaywallLimits
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.flows.callers.asked import Ask
from app.flows.callers.balance import read_app_balance
from app.flows.callers.standing import Standings
from app.flows.chat.call import Run
from app.flows.chat.end import Stop, Wording
from app.flows.limits.spending import SpendLimits, spending_text
from tests.support.books import assert_books_balance
from tests.support.carrying import describe
from tests.support.handed import charge
from tests.support.limited import Chats, chatting, each_user, spending_left
from tests.support.scripted import DONE, event

pytestmark = pytest.mark.plain_sql

CAP = NANOS // 1_000


@pytest.mark.races
@pytest.mark.unhurried
async def test_64_at_once_never_spend_more_than_a_day_allows(database: str) -> None:
    limits = PaywallLimits(paywall=Limits(spend_per_day_nanos=CAP))
    async with chatting(limits) as chats:
        asked = (chats.begin(user, max_tokens=16) for user in ("ada", "bob") for _ in range(32))
        begun = await asyncio.gather(*asked, return_exceptions=True)
        runs = [run for run in begun if isinstance(run, Run)]
        assert 0 < len(runs) < 64 and all(isinstance(each, Run | LimitReached) for each in begun)
        assert sum(run.held.amount for run in runs) <= CAP
        settled = await asyncio.gather(*(chats.chat.settle(run, Metered(Tokens(10**6, 10**6))) for run in runs))
        assert sum(each.amount for each in settled) + spending_left(chats.snapshot) == CAP
    assert_books_balance()


@pytest.mark.parametrize("day", [14, 30], ids=["inside a month", "its last day"])
async def test_a_reached_limit_says_which_and_when_it_begins_anew(
    database: str, monkeypatch: pytest.MonkeyPatch, day: int
) -> None:
    """On a month's last day both limits begin anew together."""
    now = int(datetime(2026, 11, day, 12, tzinfo=UTC).timestamp()) * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)
    async with chatting(each_user(spend_per_day_nanos=CAP, spend_per_month_nanos=CAP // 2)) as chats:
        await chats.ask(tokens=Tokens(10**6, 10**6), max_tokens=16)
        with pytest.raises(LimitReached) as reached:
            await chats.ask(content="word " * 2_000, max_tokens=16)
        assert (reached.value.code, len(chats.provider.sent)) == ("spend_per_month", 1)
        assert 0 < (reached.value.retry_after_seconds or 0) <= 31 * 86_400
        (_, month) = await SpendLimits().open(chats.snapshot, "ada")
        assert spending_text(month, chats.snapshot).startswith("The limit of Lexica for this user is reached: $")
        assert "a month, until 20" in spending_text(month, chats.snapshot)
        await chats.ask("bob", max_tokens=16)
    assert_books_balance()


async def test_limits_go_before_funds_and_funds_before_nothing(database: str) -> None:
    async with chatting(each_user(spend_per_day_nanos=1), users=()) as chats:
        with pytest.raises(LimitReached):
            await chats.begin()
    async with chatting(each_user(spend_per_day_nanos=NANOS), users=()) as chats:
        assert isinstance(await chats.begin(), Ask)


@pytest.mark.races
async def test_manual_charges_count_and_say_what_is_reached(database: str) -> None:
    async with chatting(each_user(spend_per_day_nanos=NANOS // 2)) as chats:

        async def take(nanos: int) -> bool:
            answer = await charge(
                chats.chat.queue,
                Standings(),
                SpendLimits(),
                chats.snapshot,
                "ada",
                nanos,
                None,
                None,
                new_id("req"),
                None,
            )
            assert answer.success or "The limit of Lexica for this user is reached: $0.50 a day" in answer.message
            return answer.success

        taken = await asyncio.gather(*(take(NANOS // 10) for _ in range(9)))
        assert (taken.count(True), spending_left(chats.snapshot)) == (5, 0)
        with pytest.raises(LimitReached):
            await chats.begin()
        with db.transaction(writes=False) as session:
            seen = read_app_balance(session, chats.snapshot, "ada")
        assert (seen.balance_nanos, seen.spendable_nanos) == (NANOS // 2, 0), "the money is there, and may not be spent"
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_new_day_begins_anew(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    async with chatting(each_user(spend_per_day_nanos=CAP)) as chats:
        await chats.ask(tokens=Tokens(10**6, 10**6), max_tokens=700, content="word " * 100)
        left = spending_left(chats.snapshot)
        monkeypatch.setattr(clock, "now", lambda: now + 86_400 * clock.SECOND)
        assert left < CAP == spending_left(chats.snapshot)
        await chats.ask(max_tokens=16)
        assert spending_left(chats.snapshot) < CAP
    assert_books_balance()


async def test_a_stream_that_reaches_a_limit_ends_without_a_link(database: str) -> None:
    async with chatting(each_user(spend_per_day_nanos=5 * CAP), nanos=NANOS) as chats:
        text = "internationalisation " * 300
        chats.provider.answer.pieces = [event(text) for _ in range(20)] + [DONE]
        run = await chats.run(stream=True, max_tokens=8_000)
        sent = await streamed(chats, run)
        assert b'"finish_reason":"length"' in sent and sent.endswith(DONE)
        assert run.held.amount <= 5 * CAP
    assert_books_balance()


async def streamed(chats: Chats, run: Run) -> bytes:
    pieces: list[bytes] = []

    async def send(piece: bytes) -> None:
        pieces.append(piece)

    actions: list[str] = []

    def stopped(action: str) -> Stop:
        actions.append(action)
        return Stop("", {"action": action})

    await send(await chats.carrier.stream(run, send, Wording(describe.settled, stopped)))
    assert actions == ["none"]
    return b"".join(pieces)
