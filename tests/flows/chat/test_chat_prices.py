"""Prices that depend on the prompt, from hold to receipt: tiers, images, and what the provider asks beside them."""

from dataclasses import replace
from fractions import Fraction

import pytest

from app.domain.ledger.accounts import Kind
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import DEMO, ProviderSetting
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import Tier, TokenKind, Tokens, charge_nanos, cost_nanos
from app.domain.usage.requests import Metered
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from app.flows.upkeep.lease import end
from app.formats.openai_tokens import count_prompt
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import receipt
from tests.support.crowd import connect, sign_in, top_up
from tests.support.handed import reap_holds
from tests.support.scripted import COUNTER, Scripted, flows, request
from tests.support.splits import balance_of, split_of

pytestmark = pytest.mark.plain_sql

TIERED = NewPrice(
    "demo-mini", NANOS, 2 * NANOS, NANOS // 2, markup_basis_points=1_000, part_tokens_max=100,
    tiers=(Tier(1_000, 3 * NANOS, NANOS, 5 * NANOS),),
)  # fmt: skip
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}


async def settled(snapshot: Snapshot, tokens: Tokens, content: object = "Hello") -> Run:
    """Runs a request that used these tokens."""
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(content, max_tokens=50), "req_1", None)  # type: ignore[arg-type]
        assert isinstance(run, Run)
        await chat.settle(run, Metered(tokens))
    assert_books_balance()
    return run


@pytest.mark.parametrize(("prompt", "tier", "price"), [(999, None, "1"), (1_000, 1_000, "3"), (2_000, 1_000, "3")])
async def test_a_receipt_shows_the_tier_that_the_prompt_fell_in(
    database: str, prompt: int, tier: int | None, price: str
) -> None:
    snapshot = make_snapshot({"demo-mini": TIERED})
    await give(snapshot, "ada", NANOS)
    run = await settled(snapshot, Tokens(prompt, 40), "x" * 3_000)
    found = receipt(snapshot)
    assert (found.tier_from_tokens, found.lines[0].price_per_million) == (tier, price)
    assert Fraction(found.charge) * NANOS == charge_nanos(run.leg.offer.price, Tokens(prompt, 40))
    assert Fraction(found.hold) * NANOS == run.leg.bound.nanos(run.leg.offer, 50) >= Fraction(found.charge) * NANOS


async def test_a_prompt_that_cannot_reach_a_tier_is_not_held_for_it(database: str) -> None:
    snapshot = make_snapshot({"demo-mini": TIERED})
    await give(snapshot, "ada", NANOS)
    run = await settled(snapshot, Tokens(5, 5))
    assert run.leg.bound.prompt_tokens < 1_000
    assert (
        run.leg.bound.nanos(run.leg.offer, 50)
        == (run.leg.bound.prompt_tokens * NANOS + 50 * 2 * NANOS) * 11 // 10_000_000
    )


async def test_images_with_a_price_for_each_are_held_and_charged(database: str) -> None:
    snapshot = make_snapshot({"demo-mini": NewPrice("demo-mini", NANOS, NANOS, image_nanos=1_000 * NANOS,
                                                    part_tokens_max=100)})  # fmt: skip
    await give(snapshot, "ada", NANOS)
    content = [{"type": "text", "text": "Which?"}, PICTURE, PICTURE, SOUND]
    run = await settled(snapshot, Tokens(300, 10), content)
    assert run.leg.bound.images == 3  # a sound may cost no more than it, and is not counted
    assert [(line.kind, line.tokens, line.amount) for line in receipt(snapshot).lines][-1] == ("image", 2, "0.002")
    assert Fraction(receipt(snapshot).charge) == Fraction(2, 1_000) + Fraction(310, 10**6)


async def test_images_are_part_of_what_a_lost_process_used(database: str) -> None:
    snapshot = make_snapshot({"demo-mini": NewPrice("demo-mini", NANOS, NANOS, image_nanos=1_000 * NANOS,
                                                    part_tokens_max=100)})  # fmt: skip
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request([PICTURE], max_tokens=50), "req_1", None)  # type: ignore[arg-type]
        assert isinstance(run, Run)
        await chat.extend(run, 0, Metered(Tokens(150, 10), estimated=True))
        await end("proc_test")
        assert await reap_holds(queue) == 1
    assert Fraction(receipt(snapshot).charge) == Fraction(1, 1_000) + Fraction(160, 10**6)
    assert_books_balance()


@pytest.mark.unhurried
async def test_images_stay_in_the_bound_of_a_prompt_whose_text_is_counted(database: str) -> None:
    snapshot = make_snapshot({"demo-mini": NewPrice("demo-mini", NANOS, 2 * NANOS, part_tokens_max=100)})
    await give(snapshot, "ada", NANOS // 1_000)
    content = [{"type": "text", "text": "internationalisation " * 60}, PICTURE]
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(content), "req_1", None)  # type: ignore[arg-type]
        assert isinstance(run, Run)
        await chat.release(run)
    counted = count_prompt(run.leg.request, COUNTER)
    assert counted is not None and run.leg.bound.prompt_tokens == counted + 100 < run.leg.request.prompt_bytes


async def test_with_the_operators_key_no_field_that_nobody_priced_goes_along(database: str) -> None:
    snapshot, provider = make_snapshot(), Scripted()
    await give(snapshot, "ada", NANOS)
    built_in = replace(snapshot.configuration, providers=(ProviderSetting("built-in"),))
    async with running_queue() as queue:
        chat, _ = flows(queue, provider)
        for number, chosen in enumerate((snapshot.configuration, built_in)):
            asked = replace(snapshot, configuration=chosen)
            run = await chat.begin(asked, "ada", request(search="deep"), f"req_{number}", None)
            assert isinstance(run, Run)
            await chat.release(run)
    assert ["search" in sent for sent in provider.sent] == [True, False]


async def test_without_a_price_for_each_nobody_counts_images(database: str) -> None:
    snapshot = make_snapshot({"demo-mini": TIERED})
    await give(snapshot, "ada", NANOS)
    run = await settled(snapshot, Tokens(300, 10), [PICTURE])
    assert run.leg.bound.images == 0
    assert TokenKind.IMAGE not in {line.kind for line in receipt(snapshot).lines}


OWN = NewPrice("demo-mini", 4 * NANOS, 8 * NANOS, cost=ListPrice(NANOS, 2 * NANOS))


async def shared(price: NewPrice) -> Snapshot:
    snapshot = make_snapshot({"demo-mini": price}, mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    top_up(ada, NANOS)
    await connect(snapshot, ada, "ada")
    return snapshot


@pytest.mark.unhurried
async def test_the_provider_is_owed_what_it_asks_and_not_the_developers_price(database: str) -> None:
    snapshot = await shared(OWN)
    run = await settled(snapshot, Tokens(100, 40))
    owed = cost_nanos(run.leg.offer.price, Tokens(100, 40))
    assert owed == 100_000 + 80_000 == split_of(snapshot)["provider"] == balance_of(Kind.PROVIDER_PAYABLE, DEMO)
    assert sum(split_of(snapshot).values()) == charge_nanos(run.leg.offer.price, Tokens(100, 40)) == 4 * owed


@pytest.mark.unhurried
async def test_a_request_whose_process_was_lost_owes_what_the_provider_asks(database: str) -> None:
    snapshot, used = await shared(OWN), Tokens(100, 40)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(max_tokens=50), "req_1", None)
        assert isinstance(run, Run)
        await chat.extend(run, 1, Metered(used, estimated=True))
        await end("proc_test")
        assert await reap_holds(queue) == 1
    owed = cost_nanos(run.leg.offer.price, used)
    assert split_of(snapshot)["provider"] == balance_of(Kind.PROVIDER_PAYABLE, DEMO) == owed
    assert_books_balance()
