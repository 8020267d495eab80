"""The developer's limits are kept before the provider is called, and what was not used is given back in the end."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from app import db
from app.adapters.limits.memory import MemoryLimits
from app.domain.errors import LimitReached, ProviderFailed, StaleDecision
from app.domain.money import NANOS
from app.domain.paywalls.limit_overrides import set_override
from app.domain.paywalls.limits import Limits, Measure, PaywallLimits, Scope
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.flows.callers.asked import Ask
from app.flows.chat.call import Run
from app.flows.limits.limiter import OUTPUT_TOKENS_ESTIMATE, RETRY_SECONDS_MAX, Limiter, Rate, RateReached
from app.flows.limits.spending import SpendLimits
from app.ports.limits import Take, Taken
from tests.support.books import assert_books_balance, make_snapshot, running_queue
from tests.support.carrying import describe
from tests.support.limited import Chats, chatting, each_user, refused
from tests.support.scripted import COUNTER, DONE, LAST, Scripted, event, flows, request, whole


async def test_a_paywall_without_limits_counts_nothing(database: str) -> None:
    snapshot = make_snapshot()
    assert snapshot.limits is None
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        ask = await chat.begin(snapshot, "ada", request(), "req_1", None)
    assert isinstance(ask, Ask)


async def test_a_users_requests_a_minute_are_theirs_alone_and_the_provider_is_not_called(database: str) -> None:
    async with chatting(each_user(requests_per_minute=3)) as chats:
        runs = [await chats.ask() for _ in range(3)]
        reached = await refused(chats)
        await chats.ask("bob")
        assert len(chats.provider.sent) == 4
    assert [run.held.admission.rates[0].remaining for run in runs if run.held.admission] == [2, 1, 0]
    assert isinstance(reached, RateReached) and reached.code == "requests_per_minute"
    assert reached.retry_after_seconds == RETRY_SECONDS_MAX
    assert "this user is 3 requests a minute" in reached.message
    (rate,) = reached.rates
    assert rate == Rate(Measure.REQUESTS, 3, 0, rate.reset_seconds) and 59 < rate.reset_seconds <= 60.1
    assert_books_balance()


async def test_the_tightest_of_all_scopes_decides_and_is_told(database: str) -> None:
    limits = PaywallLimits(Limits(requests_per_minute=2), Limits(requests_per_minute=3), Limits(requests_per_minute=9))
    async with chatting(limits) as chats:
        assert [(await chats.ask(user)).held.admission is not None for user in ("ada", "ada", "bob")] == [True] * 3
        assert "this user" in (await refused(chats, "ada")).message, "both are reached; one is named"
        by_key = await refused(chats, "bob")
        assert isinstance(by_key, RateReached)
        assert ("this key" in by_key.message, by_key.rates[0].limit) == (True, 3)


async def test_64_at_once_never_exceed_what_is_allowed(database: str) -> None:
    limits = PaywallLimits(user=Limits(requests_per_minute=20), paywall=Limits(concurrency=15))
    async with chatting(limits) as chats:
        begun = await asyncio.gather(*(chats.begin() for _ in range(64)), return_exceptions=True)
        runs = [run for run in begun if isinstance(run, Run)]
        assert (len(runs), len(chats.provider.sent)) == (15, 15)
        assert {error.code for error in begun if isinstance(error, LimitReached)} == {"concurrency"}
        await asyncio.gather(*(chats.chat.release(run) for run in runs))
        begun = await asyncio.gather(*(chats.begin() for _ in range(64)), return_exceptions=True)
        assert sum(not isinstance(run, BaseException) for run in begun) == 5
        await asyncio.gather(*(chats.chat.release(run) for run in begun if isinstance(run, Run)))


@pytest.mark.parametrize("ending", ["settled", "released", "provider", "broken", "gone", "whole"])
async def test_a_slot_is_given_back_however_a_request_ends(database: str, ending: str) -> None:
    async with chatting(each_user(concurrency=1)) as chats:
        for _ in range(3):
            chats.provider.refusal = ProviderFailed("No.", 500) if ending == "provider" else None
            with suppress(ProviderFailed):
                run = await chats.run(stream=ending != "whole")
                assert (await refused(chats)).code == "concurrency"
                await end(chats, run, ending)
        chats.provider.refusal = None
        await chats.ask()
    assert_books_balance()


async def end(chats: Chats, run: Run, ending: str) -> None:
    pieces = {"settled": (event("one"), LAST, DONE), "broken": (event("one"), ProviderFailed("Gone.")), "gone": (None,)}
    chats.provider.answer.pieces = pieces.get(ending, (whole("one"),))
    chats.provider.answer.begin()
    if ending == "released":
        await chats.chat.release(run)
        return
    if ending == "whole":
        chats.provider.answer._content_type = "application/json"
        await chats.carrier.whole(run, describe)
        return
    carried = asyncio.create_task(chats.carrier.stream(run, lambda data: asyncio.sleep(0), describe))
    if ending == "gone":
        await asyncio.sleep(0.02)
        carried.cancel()
    with suppress(asyncio.CancelledError):
        await carried


async def test_a_client_that_goes_away_before_its_hold_leaves_nothing_counted(database: str) -> None:
    async with chatting(each_user(concurrency=1, requests_per_minute=2)) as chats:
        for _ in range(5):
            asking = asyncio.create_task(chats.begin())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
        await chats.chat.keeper.drain(5)
        await chats.ask()
    assert_books_balance()


class SlowCounter:
    """Counts as another machine does: its answer is under way for a while."""

    def __init__(self) -> None:
        self.inner = MemoryLimits()
        self.correct, self.close = self.inner.correct, self.inner.close
        self.has_counted = asyncio.Event()

    async def take(self, ticket: str, takes: Sequence[Take]) -> Taken:
        taken = await self.inner.take(ticket, takes)
        self.has_counted.set()
        await asyncio.sleep(0.02)
        return taken


@pytest.mark.unhurried
async def test_a_client_that_goes_away_while_it_is_counted_leaves_nothing_counted(database: str) -> None:
    counter = SlowCounter()
    limits = Limiter(counter, COUNTER, SpendLimits())
    async with chatting(each_user(concurrency=1, requests_per_minute=1), limits_of=limits) as chats:
        asking = asyncio.create_task(chats.begin())
        await counter.has_counted.wait()
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        await chats.chat.keeper.drain(5)
        await chats.ask()


@pytest.mark.unhurried
async def test_who_gets_a_link_or_meets_another_limit_is_not_counted(database: str) -> None:
    async with chatting(each_user(requests_per_minute=1, concurrency=1), users=()) as chats:
        for _ in range(3):
            assert isinstance(await chats.begin(), Ask)
    async with chatting(each_user(requests_per_minute=1, spend_per_day_nanos=1)) as chats:
        for _ in range(3):
            assert (await refused(chats)).code == "spend_per_day"
        assert chats.provider.sent == []


async def test_a_provider_that_fails_counts_as_a_request_and_uses_no_tokens(database: str) -> None:
    async with chatting(each_user(requests_per_minute=2, tokens_per_minute=3_000)) as chats:
        chats.provider.refusal = ProviderFailed("No.", 500)
        with pytest.raises(ProviderFailed):
            await chats.begin()
        chats.provider.refusal = None
        run = await chats.run()
        assert run.held.admission is not None
        requests, tokens = run.held.admission.rates
        assert requests.remaining == 0 and 3_000 - tokens.remaining < OUTPUT_TOKENS_ESTIMATE + 100
        await chats.chat.release(run)


@pytest.mark.unhurried
async def test_tokens_are_counted_as_expected_first_and_as_used_then(database: str) -> None:
    async with chatting(each_user(tokens_per_minute=2_500)) as chats:
        first = await chats.run()  # some 20 tokens of prompt, 1,024 of output are expected
        second = await chats.run()
        reached = await refused(chats)
        assert (reached.code, len(chats.provider.sent)) == ("tokens_per_minute", 2)
        await asyncio.gather(*(settle(chats, run, 5) for run in (first, second)))
        third = await chats.run()
        assert third.held.admission is not None and third.held.admission.rates[0].remaining > 2_500 - 20 - 1_100
        await settle(chats, third, 4_000)  # more than expected, and more than there is
        assert (await refused(chats, max_tokens=16)).code == "tokens_per_minute"
    assert_books_balance()


async def settle(chats: Chats, run: Run, tokens: int) -> None:
    await chats.chat.settle(run, Metered(Tokens(5, tokens - 5 if tokens > 5 else 1)))


@pytest.mark.unhurried
async def test_the_tokens_of_a_long_prompt_are_counted_too(database: str) -> None:
    async with chatting(each_user(tokens_per_minute=2_500)) as chats:
        await chats.ask(tokens=Tokens(2_480, 5))
        assert (await refused(chats, max_tokens=16)).code == "tokens_per_minute"


async def test_what_a_client_asks_for_at_most_is_what_is_expected_of_it(database: str) -> None:
    async with chatting(each_user(tokens_per_minute=1_100)) as chats:
        runs = [await chats.run(max_tokens=300, n=1) for _ in range(3)]
        await refused(chats, max_tokens=300)
        runs.append(await chats.run(max_tokens=16))
        await asyncio.gather(*(chats.chat.release(run) for run in runs))
        await chats.ask(max_tokens=300, n=3)


@pytest.mark.parametrize(("name", "code"), [("tokens_per_request", "tokens_per_request"),
                                            ("tokens_per_minute", "tokens_per_minute")])  # fmt: skip
async def test_the_output_is_limited_to_what_one_request_may_use(database: str, name: str, code: str) -> None:
    async with chatting(each_user(**{name: 200})) as chats:
        run = await chats.run()
        limit = chats.provider.sent[0]["max_tokens"]
        assert 150 < limit < 200 and run.leg.output_limit == run.leg.bound.output_tokens == limit
        await chats.chat.release(run)
        await chats.chat.release(await chats.run(max_tokens=30))
        assert chats.provider.sent[1]["max_tokens"] == 30
        run = await chats.run(max_tokens=1_000, n=2, stream=True)
        assert chats.provider.sent[2]["max_tokens"] == run.leg.bound.output_tokens_first == limit // 2
        await chats.chat.release(run)
        reached = await refused(chats, content="internationalisation " * 120)  # some 270 tokens
        assert (reached.code, reached.retry_after_seconds, len(chats.provider.sent)) == (code, None, 3)
        assert "this user" in reached.message
    assert_books_balance()


async def test_a_prompt_is_measured_by_its_tokens_and_not_by_its_bytes(database: str) -> None:
    async with chatting(each_user(tokens_per_request=400)) as chats:
        await chats.ask(content="internationalisation " * 60)
        assert 250 < chats.provider.sent[0]["max_tokens"] < 300, "1,260 bytes are some 130 tokens"


@pytest.mark.unhurried
async def test_limits_that_change_are_decided_anew(database: str) -> None:
    async with chatting(each_user(requests_per_minute=1, spend_per_day_nanos=NANOS)) as chats:
        with db.transaction() as session:
            set_override(session, chats.snapshot.paywall_id, Scope.USER, "ada", Limits(requests_per_minute=2))
        for _ in range(2):
            with pytest.raises(StaleDecision):
                await chats.begin()
        chats.read_again()
        for _ in range(2):
            await chats.ask()
        assert (await refused(chats)).code == "requests_per_minute"
