"""Limits are counted apart where they are apart: by paywall, key and measure; and what changes, changes them."""

import pytest

from app import db
from app.adapters.limits.memory import MemoryLimits
from app.domain import clock
from app.domain.errors import LimitReached
from app.domain.limits.spending import spend_limits
from app.domain.money import NANOS, Environment
from app.domain.paywalls import keys
from app.domain.paywalls.limit_overrides import set_override
from app.domain.paywalls.limits import Limits, PaywallLimits, Scope
from app.flows.limits.limiter import Limiter, RateReached
from app.flows.limits.spending import SpendLimits
from tests.support.limit_counting import Clock
from tests.support.limited import Chats, chatting, each_user, refused
from tests.support.scripted import COUNTER, limiter


def remaining(run: object) -> list[int]:
    return [rate.remaining for rate in run.held.admission.rates]  # type: ignore[attr-defined]


@pytest.mark.unhurried
async def test_a_user_of_another_paywall_is_another_user(database: str) -> None:
    shared = limiter()
    for _ in range(2):
        async with chatting(each_user(requests_per_minute=1), limits_of=shared) as chats:
            await chats.ask()
            await refused(chats)


async def test_each_key_has_limits_of_its_own(database: str) -> None:
    async with chatting(PaywallLimits(key=Limits(requests_per_minute=1))) as chats:
        await chats.ask()
        await refused(chats)
        other = keys.new_key(Environment.SANDBOX)
        with db.transaction() as session:
            keys.add_key(session, chats.snapshot.paywall_id, other)
        chats.key = other
        chats.read_again()
        await chats.ask("bob")
        assert "this key" in (await refused(chats)).message


async def test_requests_are_not_counted_as_tokens_nor_tokens_as_requests(database: str) -> None:
    async with chatting(each_user(requests_per_minute=5, tokens_per_minute=9_000)) as chats:
        for left in (4, 3):
            requests, tokens = remaining(await chats.ask(max_tokens=100))
            assert requests == left and tokens > 9_000 - 2 * 150


async def test_every_choice_is_counted(database: str) -> None:
    async with chatting(each_user(tokens_per_minute=9_000)) as chats:
        run = await chats.run(max_tokens=300, n=3)
        assert 0 < 9_000 - 3 * 300 - remaining(run)[0] < 100
        await chats.chat.release(run)


async def test_a_request_is_ended_once_however_often_it_is_said(database: str) -> None:
    limits = limiter()
    async with chatting(each_user(tokens_per_minute=9_000, concurrency=2), limits_of=limits) as chats:
        run = await chats.run(max_tokens=300)
        assert run.held.admission is not None
        for _ in range(3):
            await limits.forgo(run.held.admission)
        after = await chats.run(max_tokens=300)
        assert remaining(after) == remaining(run)
        await chats.chat.release(after)
        await chats.chat.release(run)


@pytest.mark.unhurried
async def test_an_answer_of_fewer_tokens_than_make_one_is_refused(database: str) -> None:
    async with chatting(each_user(tokens_per_request=200)) as chats:
        run = await chats.run()
        prompt, least = 200 - run.leg.bound.output_tokens, run.leg.bound.output_tokens_least
        await chats.chat.release(run)
    async with chatting(each_user(tokens_per_request=prompt + least)) as chats:
        await chats.ask()
    async with chatting(each_user(tokens_per_request=prompt + least - 1)) as chats:
        assert (await refused(chats)).code == "tokens_per_request"


@pytest.mark.unhurried
async def test_the_smallest_of_all_scopes_bounds_a_request(database: str) -> None:
    limits = PaywallLimits(Limits(tokens_per_request=300), Limits(tokens_per_minute=900), Limits(tokens_per_request=99))
    async with chatting(limits) as chats:
        await chats.ask()
        assert chats.provider.sent[0]["max_tokens"] < 99
        assert "all users together" in (await refused(chats, content="internationalisation " * 120)).message


@pytest.mark.unhurried
async def test_who_waits_for_the_whole_seconds_that_it_was_told_gets_through(database: str) -> None:
    turned = Clock()
    limits = Limiter(MemoryLimits(turned), COUNTER, SpendLimits())
    async with chatting(each_user(requests_per_minute=1), limits_of=limits) as chats:
        await chats.ask()
        turned.seconds += 30.03
        reached = await refused(chats)
        assert isinstance(reached, RateReached) and reached.retry_after_seconds == 31
        turned.seconds += 31
        await chats.ask()


@pytest.mark.unhurried
async def test_a_limit_that_is_changed_between_two_requests_holds_for_the_second(database: str) -> None:
    async with chatting(each_user(requests_per_minute=9, spend_per_day_nanos=NANOS)) as chats:
        await chats.ask(max_tokens=16)
        await override(chats, Limits(requests_per_minute=1))
        assert (await refused(chats)).code == "requests_per_minute"
        await override(chats, Limits(spend_per_day_nanos=1))
        assert (await refused(chats, max_tokens=16)).code == "spend_per_day"
        await override(chats, Limits(spend_per_day_nanos=NANOS))
        await chats.ask(max_tokens=16)


async def override(chats: Chats, limits: Limits) -> None:
    with db.transaction() as session:
        set_override(session, chats.snapshot.paywall_id, Scope.USER, "ada", limits)
    chats.read_again()


async def test_a_limit_of_spending_says_how_long_its_period_lasts(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with chatting(each_user(spend_per_day_nanos=1)) as chats:
        assert chats.snapshot.limits is not None
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now)
        (day,) = spend_limits(chats.snapshot.limits, chats.snapshot.paywall_id, chats.snapshot.key_id, "ada", now)
        with pytest.raises(LimitReached) as reached:
            await chats.begin()
        wait = (reached.value.retry_after_seconds or 0) * clock.SECOND
        assert day.ends_at < now + wait <= day.ends_at + clock.SECOND
