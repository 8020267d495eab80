"""Legs asked one after the other: what each failure is followed by, what is said of it, and who leaves meanwhile."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.errors import ProviderFailed
from app.flows.chat.call import Run
from tests.emulators.upstream import RunningUpstream
from tests.support.books import assert_books_balance
from tests.support.credits import credits_of
from tests.support.meshing import PRICES, A, B, meshing
from tests.support.waiting import until

pytestmark = pytest.mark.plain_sql
OK = "ok:8"
FOLLOWED = ("fail:401", "fail:402", "fail:403", "fail:404", "fail:405", "fail:408", "fail:409", "fail:410", "fail:425",
            "fail:429", "fail:500", "fail:502", "fail:529", "cut-before", "garbage", "garbage-json",
            "error-first")  # fmt: skip
ENDING = ("fail:400", "fail:413", "fail:415", "fail:422")


@pytest.mark.parametrize("stream", [True, False])
async def test_each_failure_before_the_first_word_is_followed_or_ends_the_request(
    database: str, emulated: RunningUpstream, stream: bool
) -> None:
    followed = (*FOLLOWED, *(("garbage-stream",) if stream else ()))
    prices = [replace(PRICES[1], model=model) for model in (OK, *followed, *ENDING)]
    async with meshing(emulated, prices) as mesh:
        for behaviour in followed:
            heard = await mesh.ask(behaviour, OK, stream=stream)
            assert (heard.error, mesh.asked()[-2:]) == (None, [behaviour, OK])
            (first, second) = mesh.lines(heard)
            assert (first[1], first[3], second[1]) == ("failed", "0", "answered")
        listed = {one.name.model: one.breaker.failures for one in mesh.breakers.listed()}
        assert listed == dict.fromkeys(followed, 1)
        for behaviour in ENDING:
            heard = await mesh.ask(behaviour, OK, stream=stream)
            assert isinstance(heard.error, ProviderFailed) and mesh.asked()[-1] == behaviour
        assert {one.name.model for one in mesh.breakers.listed()} == set(followed)
        assert credits_of(mesh.person).held_nanos == 0
    assert_books_balance()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_refusal_is_an_answer_unless_the_caller_lists_it(
    database: str, emulated: RunningUpstream, stream: bool
) -> None:
    async with meshing(emulated) as mesh:
        emulated.become(leg_a="filtered", leg_b=OK)
        heard = await mesh.ask(A, B, stream=stream)
        assert (heard.error, mesh.asked(), heard.text) == (None, [A], "")
        assert mesh.receipt(heard.request_id).charge == "0"
        heard = await mesh.ask(A, B, stream=stream, routing={"fallback_on": ["content_filter"]})
        assert heard.text and mesh.lines(heard)[0] == (A, "failed", "content_filter", "0")
        assert mesh.breakers.listed() == []
    assert_books_balance()


async def test_a_client_that_leaves_before_the_first_word_pays_nothing(
    database: str, emulated: RunningUpstream
) -> None:
    async with meshing(emulated) as mesh:
        emulated.become(leg_a="fail:503", leg_b="thinking:8:20000")
        run = await mesh.begin(A, B)
        assert isinstance(run, Run)
        carrying = asyncio.ensure_future(mesh.carry(run))
        await until(lambda: mesh.asked() == [A, B])
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
        await until(lambda: emulated.seen()[1]["outcome"] == "disconnected")
        await until(lambda: credits_of(mesh.person).held_nanos == 0)
        receipt = mesh.receipt(run.id)
        assert (receipt.status, receipt.charge) == ("released", "0")
    assert_books_balance()


async def test_a_route_says_what_is_known_of_it_before_the_first_word(database: str, emulated: RunningUpstream) -> None:
    async with meshing(emulated) as mesh:
        emulated.become(leg_a="fail:503", leg_b=OK)
        heard = await mesh.ask(A, B)
        first, *_ = [event["paywall_route"] for event in heard.chunks if "paywall_route" in event]
        assert (first["status"], first["strategy"]) == ("planned", "rate-limit")
        assert [leg["model"] for leg in first["legs"]] == [A, B] and first["legs"][1]["pricing"]["prompt"] == "10000"
        last = heard.chunks[-1]["paywall"]["paywall_route"]
        assert last["final_model"] == B and [one["status"] for one in last["trace"]] == ["failed", "answered"]
        assert last["trace"][0]["status_code"] == 503 and last["trace"][0]["latency_ms"] >= 0
    assert_books_balance()


async def test_strategies_put_legs_in_order(database: str, emulated: RunningUpstream) -> None:
    async with meshing(emulated) as mesh:
        emulated.become(leg_a=OK, leg_b="slow-first:8:120")
        await mesh.ask(B, A, routing={"strategy": "cost"})
        assert mesh.asked() == [A]
        for _ in range(3):
            await mesh.ask(A, B)
            await mesh.ask(B, A)
        emulated.reset()
        emulated.become(leg_a=OK, leg_b=OK)
        for _ in range(4):
            await mesh.ask(B, A, routing={"strategy": "latency"})
        assert mesh.asked() == [A] * 4
    assert_books_balance()
