"""Decide, hold, send; and a hold that was granted always ends."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.domain.errors import ProviderFailed, StaleDecision, Unavailable
from app.domain.ledger.operations import Operation
from app.domain.money import NANOS, Environment, format_decimal
from app.domain.paywalls import keys
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import Tokens, bound_nanos, charge_nanos
from app.domain.rows import Rows
from app.domain.usage.requests import Labels, Metered, read_receipt
from app.domain.wallets.wallets import Balance
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import read_snapshot
from app.flows.chat.call import Run
from app.flows.chat.decide import bound_of
from app.formats.openai_tokens import count_prompt
from tests.support import books
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import balance, receipt, rows_written
from tests.support.scripted import COUNTER, Landed, Scripted, flows, request, unanswered


async def test_a_request_holds_its_bound_and_is_charged_what_it_used(database: str) -> None:
    snapshot, provider = make_snapshot(), Scripted()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, provider)
        run = await chat.begin(snapshot, "ada", request(), "req_1", "theirs")
        assert isinstance(run, Run)
        most = run.leg.bound.nanos(run.leg.offer, 16_384)
        assert (balance(snapshot), run.held.amount) == (Balance(NANOS, most), most)
        assert provider.sent[0]["max_tokens"] == 16_384
        settled = await chat.settle(run, Metered(Tokens(10, 20, 5)))
        again = await chat.settle(run, Metered(Tokens(10, 20, 5)))
    charge = charge_nanos(run.leg.offer.price, Tokens(10, 20, 5))
    assert (settled.amount, again.amount, again.is_replay) == (charge, charge, True)
    assert balance(snapshot) == Balance(NANOS - charge, 0)
    assert receipt(snapshot).status == "settled"
    assert_books_balance()


async def test_the_receipt_names_key_and_version_that_the_hold_was_decided_on(database: str) -> None:
    key, labels = keys.new_key(Environment.SANDBOX), Labels("thread-7", "planner")
    old = make_snapshot()
    await give(old, "ada", NANOS)
    with db.transaction() as session:
        keys.add_key(session, old.paywall_id, key)
        books.publish(session, old.paywall_id, replace(old.configuration, app_name="Renamed"))
        new = read_snapshot(session, key)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        with pytest.raises(StaleDecision):
            await chat.begin(old, "ada", request(), "req_1", None, labels=labels)
        run = await chat.begin(new, "ada", request(), "req_2", None, labels=labels)
        assert isinstance(run, Run)
        await chat.settle(run, Metered(Tokens(10, 20)))
    with db.transaction(writes=False) as session:
        found = read_receipt(session, new.paywall_id, "req_2")
    assert (old.version, found.paywall_version, found.key_id) == (1, 2, new.key_id) and new.key_id != old.key_id
    assert (found.session, found.agent) == ("thread-7", "planner")
    assert_books_balance()


async def test_without_money_nothing_is_sent_and_nothing_written(database: str) -> None:
    snapshot, provider = make_snapshot(), Scripted()
    async with running_queue() as queue:
        chat, _ = flows(queue, provider)
        needs = await chat.begin(snapshot, "ada", request(), "req_1", None)
    assert isinstance(needs, Ask) and needs.shortfall_nanos > 0
    assert (provider.sent, rows_written()) == ([], 0)


async def test_a_small_wallet_clamps_the_output_to_what_it_pays_for(database: str) -> None:
    snapshot, provider = make_snapshot(), Scripted()
    await give(snapshot, "ada", NANOS // 1_000)
    async with running_queue() as queue:
        chat, _ = flows(queue, provider)
        run = await chat.begin(snapshot, "ada", request(), "req_1", None)
        assert isinstance(run, Run)
        limit = provider.sent[0]["max_tokens"]
        assert 16 <= limit < 500 and run.leg.bound.nanos(run.leg.offer, limit) <= NANOS // 1_000 == run.held.amount
        await chat.release(run)
    assert balance(snapshot) == Balance(NANOS // 1_000, 0)
    assert receipt(snapshot).status == "released"


async def test_a_prompt_is_counted_exactly_when_its_bytes_would_not_fit(database: str) -> None:
    snapshot, provider = make_snapshot(), Scripted()
    await give(snapshot, "ada", NANOS // 1_000)
    long = "internationalisation " * 60  # 1,260 bytes, some 200 tokens, at 1.1 micros each
    async with running_queue() as queue:
        chat, _ = flows(queue, provider)
        run = await chat.begin(snapshot, "ada", request(long), "req_1", None)
        assert (
            isinstance(run, Run) and bound_of(run.leg.request, run.leg.offer).nanos(run.leg.offer, 16) > run.held.amount
        )
        tokens = count_prompt(run.leg.request, COUNTER) or 0
        assert bound_nanos(run.leg.offer.price, tokens, run.leg.output_limit) <= run.held.amount
        assert bound_nanos(run.leg.offer.price, tokens, run.leg.output_limit + 1) > run.held.amount
        assert provider.sent[0]["max_tokens"] == run.leg.output_limit > 100
        await chat.release(run)
    assert_books_balance()


async def test_a_prompt_that_does_not_fit_even_counted_asks_for_money(database: str) -> None:
    snapshot, provider = make_snapshot(), Scripted()
    await give(snapshot, "ada", NANOS // 10_000)
    before = rows_written()
    async with running_queue() as queue:
        chat, _ = flows(queue, provider)
        needs = await chat.begin(snapshot, "ada", request("internationalisation " * 60), "req_1", None)
    assert isinstance(needs, Ask)
    assert needs.balance_nanos == NANOS // 10_000 and needs.shortfall_nanos > 0
    assert (provider.sent, rows_written()) == ([], before)


async def test_what_is_missing_is_enough_to_run_afterwards(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS // 20_000)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        needs = await chat.begin(snapshot, "ada", request("Hi " * 99), "req_1", None)
        assert isinstance(needs, Ask)
        await give(snapshot, "ada", needs.shortfall_nanos)
        run = await chat.begin(snapshot, "ada", request("Hi " * 99), "req_2", None)
        assert isinstance(run, Run) and run.leg.output_limit == 16, "it is no more than enough"
        await chat.release(run)


@pytest.mark.unhurried
async def test_thirty_at_once_never_hold_more_than_the_wallet_has(database: str) -> None:
    snapshot, few = make_snapshot(), NANOS // 5_000
    await give(snapshot, "ada", few)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        asked = (chat.begin(snapshot, "ada", request(max_tokens=16), f"req_{number}", None) for number in range(30))
        runs = [begun for begun in await asyncio.gather(*asked) if isinstance(begun, Run)]
        assert 0 < len(runs) < 30
        assert sum(run.held.amount for run in runs) == balance(snapshot).held_nanos <= few
        await asyncio.gather(*(chat.settle(run, Metered(Tokens(10**6, 10**6))) for run in runs))
    assert balance(snapshot).held_nanos == 0 <= balance(snapshot).posted_nanos
    assert_books_balance()


@pytest.mark.parametrize("markup", [0, 1_000_000])
async def test_however_wrong_the_usage_nothing_above_the_bound_is_charged(database: str, markup: int) -> None:
    snapshot = make_snapshot({"demo-mini": NewPrice("demo-mini", 0, 100_000 * NANOS, markup_basis_points=markup)})
    for _ in range(3):
        await give(snapshot, "ada", 10**6 * NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(max_tokens=16), "req_1", None)
        assert isinstance(run, Run)
        settled = await chat.settle(run, Metered(Tokens(2**40 - 1, 2**40 - 1)))
    bound = run.leg.bound.nanos(run.leg.offer, 16)
    assert (settled.amount, balance(snapshot)) == (bound, Balance(3 * 10**6 * NANOS - bound, 0))
    assert receipt(snapshot).charge == format_decimal(bound)
    assert_books_balance()


@pytest.mark.parametrize("refusal", [ProviderFailed("No.", 500), ProviderFailed("No.", timed_out=True)])
async def test_a_provider_that_refuses_leaves_nothing_held(database: str, refusal: ProviderFailed) -> None:
    snapshot, provider = make_snapshot(), Scripted()
    provider.refusal = refusal
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, provider)
        with pytest.raises(ProviderFailed):
            await chat.begin(snapshot, "ada", request(), "req_1", None)
    assert balance(snapshot) == Balance(NANOS, 0)
    assert receipt(snapshot).status == "released"
    assert_books_balance()


async def test_a_provider_that_cannot_be_found_leaves_nothing_held(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, provider = make_snapshot(), Scripted()
    await give(snapshot, "ada", NANOS)
    monkeypatch.setattr(provider, "find", None)
    async with running_queue() as queue:
        chat, _ = flows(queue, provider)
        with pytest.raises(TypeError):
            await chat.begin(snapshot, "ada", request(), "req_1", None)
    assert (balance(snapshot), receipt(snapshot).status) == (Balance(NANOS, 0), "released")


@pytest.mark.parametrize("landed", [True, False])
async def test_a_hold_whose_commit_was_not_answered_is_given_back(
    database: str, monkeypatch: pytest.MonkeyPatch, landed: bool
) -> None:
    snapshot, provider = make_snapshot(), Scripted()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, provider)
        submit = queue.submit

        def loses_the_answer(operation: Operation, beside: Rows) -> Landed:
            monkeypatch.setattr(queue, "submit", submit)
            if landed:
                submit(operation, beside)
            return unanswered()

        monkeypatch.setattr(queue, "submit", loses_the_answer)
        with pytest.raises(Unavailable):
            await chat.begin(snapshot, "ada", request(), "req_1", None)
        await chat.keeper.drain(5)
    assert (provider.sent, balance(snapshot)) == ([], Balance(NANOS, 0))
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_task_cancelled_while_it_holds_leaves_nothing_held(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        for number in range(20):
            task = asyncio.create_task(chat.begin(snapshot, "ada", request(), f"req_{number}", None))
            await asyncio.sleep(0.0007 * number)
            task.cancel()
            result = (await asyncio.gather(task, return_exceptions=True))[0]
            if isinstance(result, Run):
                await chat.release(result)
        await chat.keeper.drain(5)
    assert balance(snapshot) == Balance(NANOS, 0)
    assert_books_balance()


async def test_what_was_decided_on_an_old_version_is_refused(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    with db.transaction() as session:
        books.retire(session, snapshot.paywall_id, "demo-mini")
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        for model in ("demo-mini", "other"):  # what an old version does not offer, the new one may
            with pytest.raises(StaleDecision):
                await chat.begin(snapshot, "ada", request(model=model), f"req_{model}", None)


async def test_an_answer_without_output_is_free(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(), "req_1", None)
        assert isinstance(run, Run)
        assert (await chat.settle(run, Metered(Tokens(10, 0)))).amount == 0
    assert balance(snapshot) == Balance(NANOS, 0)


@pytest.mark.unhurried
async def test_a_free_model_needs_no_money_and_still_has_a_receipt(database: str) -> None:
    snapshot = make_snapshot({"demo-mini": NewPrice("demo-mini", 0, 0)})
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(), "req_1", None)
        assert isinstance(run, Run)
        await chat.settle(run, Metered(Tokens(10, 20)))
    found = receipt(snapshot)
    assert (found.status, found.charge, [line.tokens for line in found.lines]) == ("settled", "0", [10, 20])
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_settlement_that_cannot_land_now_lands_later(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(), "req_1", None)
        assert isinstance(run, Run)
        submit, failures = queue.submit, iter([True, True])

        def fails_twice(operation: Operation, beside: Rows) -> Landed:
            return unanswered() if next(failures, False) else submit(operation, beside)

        monkeypatch.setattr(queue, "submit", fails_twice)
        settling = asyncio.create_task(chat.settle(run, Metered(Tokens(10, 20))))
        await asyncio.sleep(0)
        await chat.keeper.drain(10)  # as at the end of the process, while the first attempt still runs
        with pytest.raises(Unavailable):
            await settling
    assert receipt(snapshot).status == "settled"
    assert balance(snapshot) == Balance(NANOS - charge_nanos(run.leg.offer.price, Tokens(10, 20)), 0)
    assert_books_balance()


async def test_a_key_revoked_during_the_count_holds_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, few, long = make_snapshot(), NANOS // 1_000, request("internationalisation " * 60)
    await give(snapshot, "ada", few)

    def counts(*_: object) -> int:
        with db.transaction() as session:
            keys.revoke_key(session, snapshot.paywall_id, snapshot.key_id)
        return 10

    monkeypatch.setattr("app.flows.chat.leg.count_prompt", counts)
    async with running_queue() as queue:
        with pytest.raises(StaleDecision):
            await flows(queue, Scripted())[0].begin(snapshot, "ada", long, "req_1", None)
    assert balance(snapshot) == Balance(few, 0)
