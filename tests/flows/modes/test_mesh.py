"""Requests that several models may answer: the numbers that modes must keep, over HTTP, with audits behind each."""

import asyncio
from collections import Counter

import pytest

from app.domain.errors import AllRoutesOpen, ProviderFailed
from app.domain.inbox.inbox import ObjectKind
from app.domain.money import NANOS
from app.domain.pricing.price_book import NewPrice
from app.flows.callers.asked import Action, Ask
from app.flows.chat.call import Run
from app.flows.chat.decide import FREE_ONLY
from tests.emulators.upstream import RunningUpstream
from tests.support.books import assert_books_balance
from tests.support.credits import credits_account, credits_of
from tests.support.meshing import PRICES, A, B, C, D, meshing, moving, pay_in
from tests.support.scripted import COUNTER
from tests.support.taking_back import begin_shared, house_of, open_taking_bank
from tests.support.waiting import until

pytestmark = pytest.mark.plain_sql

OK = "ok:8"


@pytest.mark.races
async def test_three_failures_keep_a_model_alone_and_one_probe_finds_out(
    database: str, emulated: RunningUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moving(monkeypatch) as clock:
        async with meshing(emulated) as mesh:
            emulated.become(leg_a="fail:503", leg_b=OK)
            for _ in range(3):
                heard = await mesh.ask(A, B)
                assert heard.routes == [(A, "failed", "status_503"), (B, "answered", None)]
            heard = await mesh.ask(A, B)
            assert heard.routes == [(A, "skipped", "circuit_open"), (B, "answered", None)]
            clock.move(29)
            await mesh.ask(A, B)
            assert Counter(mesh.asked()) == {A: 3, B: 5}
            for behaviour, probes in (("fail:500", 4), (OK, 5)):
                clock.move(31)
                emulated.become(leg_a=behaviour)
                heard_all = await asyncio.gather(*(mesh.ask(A, B) for _ in range(100)))
                assert mesh.asked().count(A) == probes, "one alone goes to see"
                others = [one for one in heard_all if one.routes[0] == (A, "skipped", "circuit_open")]
                assert len(others) == 99 and all(one.is_done for one in heard_all)
            before = mesh.asked().count(B)
            await asyncio.gather(*(mesh.ask(A, B) for _ in range(20)))
            assert (mesh.asked().count(A), mesh.asked().count(B)) == (25, before)
    assert_books_balance()


@pytest.mark.races
@pytest.mark.unhurried
async def test_what_is_the_requests_fault_or_the_clients_leaves_a_model_in_peace(
    database: str, emulated: RunningUpstream
) -> None:
    # Fifty at once may take a busy machine so long that the first model would be given up.
    async with meshing(emulated, seconds_max=600, whole_seconds_max=600) as mesh:
        emulated.become(leg_a="fail:400", leg_b=OK)
        for _ in range(20):
            heard = await asyncio.gather(*(mesh.ask(A, B) for _ in range(50)))
            assert {getattr(one.error, "status", None) for one in heard} == {400}
        emulated.become(leg_a="hung")
        for round_ in range(1, 5):
            asking = [asyncio.ensure_future(mesh.ask(A, B)) for _ in range(25)]
            sent = 1_000 + 25 * round_
            await until(lambda sent=sent: mesh.asked().count(A) == sent)  # type: ignore[misc]
            for one in asking:
                one.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        assert B not in mesh.asked() and mesh.breakers.listed() == []
    assert credits_of(mesh.person).held_nanos == 0
    assert_books_balance()


async def test_each_leg_is_asked_once_and_when_all_are_left_alone_nothing_is_charged(
    database: str, emulated: RunningUpstream
) -> None:
    async with meshing(emulated) as mesh:
        emulated.become(**dict.fromkeys((A, B, C, D), "fail:429:7"))
        heard = await mesh.ask(A, B, C, D)
        assert mesh.asked() == [A, B, C, D]
        assert isinstance(heard.error, ProviderFailed) and heard.error.status == 429
        assert [line[:3] for line in mesh.lines(heard)] == [(one, "failed", "status_429") for one in (A, B, C, D)]
        again = await mesh.ask(A, B, C, D)
        assert isinstance(again.error, AllRoutesOpen) and 1 <= again.error.retry_after_seconds <= 7
        assert len(mesh.asked()) == 4
        receipt = mesh.receipt(again.request_id)
        assert (receipt.status, receipt.charge) == ("released", "0")
        assert mesh.lines(again) == [(one, "skipped", "circuit_open", "0") for one in (A, B, C, D)]
        balance = credits_of(mesh.person)
        assert (balance.held_nanos, balance.posted_nanos) == (0, 30_020 * NANOS)
    assert_books_balance()


@pytest.mark.parametrize("behaviour", ["cut:80", "error-mid-stream:80"])
async def test_behind_the_first_word_nobody_else_is_asked(
    database: str, emulated: RunningUpstream, behaviour: str
) -> None:
    async with meshing(emulated) as mesh:
        emulated.become(leg_a=behaviour, leg_b=OK)
        heard = await mesh.ask(A, B)
        assert mesh.asked() == [A]
        assert not heard.is_done and "error" in heard.chunks[-1]
        receipt, said = mesh.receipt(heard.request_id), COUNTER.count(heard.text, A)
        (line, other) = receipt.legs
        assert said is not None and said >= 40 and receipt.estimated
        assert (line.model, line.status, line.estimated) == (A, "cut", True)
        assert {part.kind: part.tokens for part in line.lines}["output"] == said
        assert (other.status, other.charge) == ("skipped", "0") and receipt.charge == line.charge != "0"
        assert mesh.breakers.listed() == [], "an answer that has begun was no failure to begin"
    assert_books_balance()


@pytest.mark.parametrize("stream", [True, False])
async def test_who_answers_is_who_is_paid_and_the_hold_was_large_enough_for_any(
    database: str, emulated: RunningUpstream, stream: bool
) -> None:
    async with meshing(emulated, seconds_max=2) as mesh:
        emulated.become(leg_a="hung", leg_b=OK)
        run, dear = await mesh.begin(A, B, stream=stream), await mesh.begin(B, C, stream=stream)
        assert isinstance(run, Run) and isinstance(dear, Run)
        assert run.held.amount == dear.held.amount > NANOS
        await mesh.chat.release(dear)
        heard = await mesh.carry(run)
        assert heard.error is None and heard.text
        receipt = mesh.receipt(heard.request_id)
        (first, second) = receipt.legs
        assert (first.model, first.status, first.reason, first.charge) == (A, "failed", "timeout", "0")
        assert (second.model, second.status, second.charge) == (B, "answered", receipt.charge)
        tokens = {part.kind: part.tokens for part in second.lines}
        hundredths = tokens["input"] + tokens["cached_input"] + 10 * tokens["output"]
        assert receipt.charge == str(-(-hundredths // 100)), "B's price, rounded up once"
        assert receipt.mode == "mesh"
    assert_books_balance()


async def test_free_credits_open_no_paid_model_by_another_way(database: str, emulated: RunningUpstream) -> None:
    async with meshing(emulated, (NewPrice(A, 0, 0), *PRICES[1:]), paid_cents=0) as mesh:
        emulated.become(leg_a="fail:503", leg_b=OK)
        asked = await mesh.begin(A, B)
        assert isinstance(asked, Ask) and asked.action is Action.TOPUP
        assert FREE_ONLY in asked.beside and B in asked.beside
        assert mesh.asked() == [] and credits_of(mesh.person).held_nanos == 0
        await pay_in(mesh.person, 300)
        heard = await mesh.ask(A, B)
        assert heard.is_done and heard.routes[-1] == (B, "answered", None)
    assert_books_balance()


async def test_who_is_given_all_back_while_a_paid_fallback_answers_pays_for_it_and_asks_no_other(
    database: str, emulated: RunningUpstream
) -> None:
    async with meshing(emulated, (NewPrice(A, 0, 0), *PRICES[1:]), paid_cents=0) as mesh:
        emulated.become(leg_a="fail:503", leg_b=OK)
        bank, account = open_taking_bank(), credits_account(mesh.person)
        house, marks = house_of(bank), begin_shared(account, bank.connection_id, 300)
        await house.door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
        run = await mesh.begin(A, B)
        assert isinstance(run, Run)
        await house.door.receive(bank.connection_id, "e2", bank.give_back("re_1", "pi_1", 300), ObjectKind.REFUND)
        heard = await mesh.carry(run)
        charge = int(mesh.receipt(heard.request_id).charge)
        assert heard.is_done and heard.routes[-1] == (B, "answered", None) and charge > 0
        assert credits_of(mesh.person).posted_nanos == (20 - charge) * NANOS, "out of what was free, and once"
        asked = await mesh.begin(A, B)
        assert isinstance(asked, Ask) and asked.is_locked and FREE_ONLY in asked.beside
        emulated.become(leg_a=OK)
        free = await mesh.begin(A)
        assert isinstance(free, Run) and free.held.amount == NANOS
        await mesh.chat.release(free)
    assert_books_balance()


async def test_a_model_whose_window_is_too_small_is_left_out_and_named(
    database: str, emulated: RunningUpstream
) -> None:
    small = NewPrice(B, NANOS, NANOS, context_tokens_max=8_192, output_tokens_max=100)
    async with meshing(emulated, (PRICES[0], small)) as mesh:
        emulated.become(leg_a="fail:503", leg_b=OK)
        long = {"messages": [{"role": "user", "content": "coin " * 10_000}]}
        heard = await mesh.ask(A, B, **long)
        assert mesh.asked() == [A] and isinstance(heard.error, ProviderFailed)
        assert mesh.lines(heard)[1] == (B, "skipped", "context", "0")
        emulated.become(leg_a=OK)
        heard = await mesh.ask(B, A, **long)
        assert heard.routes == [(B, "skipped", "context"), (A, "answered", None)]
        assert mesh.asked() == [A, A]
    assert_books_balance()


@pytest.mark.plain_sql
async def test_where_the_model_is_left_to_us_the_answer_says_which_why_and_its_price(
    database: str, emulated: RunningUpstream
) -> None:
    async with meshing(emulated) as mesh:
        emulated.become(**dict.fromkeys((A, B, C, D), OK))
        heard = await mesh.ask("auto", stream=False)
        said = heard.chunks[0]["paywall"]["paywall_route"]
        assert (said["final_model"], said["auto_strategy"], said["optimization_goal"]) == (A, "short", "balanced")
        assert "number 1 by price" in said["auto_reason"]
        assert said["auto_pricing"] == {"prompt": "1000", "completion": "10000", "request": "0"}
        receipt = mesh.receipt(heard.request_id)
        assert (receipt.model, receipt.mode, receipt.legs) == (A, None, []), "one model was asked"
        heard = await mesh.ask("auto", A, messages=[{"role": "user", "content": "Prove it step by step."}])
        assert heard.routes[-1][0] in (B, C, D) and mesh.receipt(heard.request_id).mode == "mesh"
        heard = await mesh.ask("auto", optimization_goal="cost", messages=[{"role": "user", "content": "Prove it."}])
        assert heard.routes[-1][0] == A
    assert_books_balance()


async def test_an_answer_that_is_given_whole_does_not_outlast_its_client(
    database: str, emulated: RunningUpstream
) -> None:
    async with meshing(emulated, whole_seconds_max=1) as mesh:
        emulated.become(leg_a="hung", leg_b="slow-first:8:2500")
        heard = await mesh.ask(A, B, stream=False)
        assert isinstance(heard.error, ProviderFailed) and heard.error.timed_out
        assert (mesh.asked(), mesh.receipt(heard.request_id).charge) == ([A, B], "0")
        await until(lambda: [one["outcome"] for one in emulated.seen()] == ["disconnected"] * 2)
        assert credits_of(mesh.person).held_nanos == 0
        for _ in range(2):
            await mesh.ask(A, B, stream=False)
        assert mesh.breakers.listed() == [], "who is slow for one who wants all of it at once is well"
        heard = await mesh.ask(B, A)
        assert (heard.error, heard.is_done) == (None, True), "a stream takes its time"
    assert_books_balance()
