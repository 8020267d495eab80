"""One hold for all legs: shared in proportion, never more than there is, whatever runs at once."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.domain.errors import BadField, LimitReached
from app.domain.money import NANOS
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limits import Limits, PaywallLimits
from app.domain.paywalls.paywall import credits_paywall_id
from app.domain.people.account_keys import make_account_key
from app.domain.pricing.quote import ONE_NANO
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import read_account_snapshot
from app.flows.modes.members import Panel
from app.flows.upkeep.holds import count_open_holds
from app.formats.account.modes import Asking, read_blend, read_compare
from tests.support.books import assert_books_balance, publish, running_queue
from tests.support.credits import credits_of
from tests.support.crowd import SANDBOX
from tests.support.panels import SAID, Models, Panels, credits_a_thousand, paying, saying

pytestmark = pytest.mark.plain_sql


def comparing(*models: str, tokens: int = 200) -> Asking:
    return read_compare({"models": list(models), "messages": SAID, "max_tokens": tokens})


async def test_a_grant_below_the_whole_is_shared_in_proportion_and_sent_as_limits(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand("a", "100"), credits_a_thousand("b", "50")])
    models = Models({"a": saying("Blue."), "b": saying("Green.")})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, comparing("a", "b", tokens=8_000))
        assert isinstance(panel, Panel)
        assert panel.held.amount == 320 * NANOS == credits_of(ada).held_nanos
        first, second = panel.answering
        for member, share in ((first, 2), (second, 1)):
            leg = member.leg
            assert leg.bound.unrounded(leg.offer, leg.output_limit) <= 320 * NANOS * ONE_NANO * share // 3
            assert leg.bound.unrounded(leg.offer, leg.output_limit + 1) > 320 * NANOS * ONE_NANO * share // 3
        await panels.carrier.whole(panel)
    assert models.sent["a"][0]["max_tokens"] == first.leg.output_limit < 8_000
    assert credits_of(ada).held_nanos == 0
    assert_books_balance()


async def test_whoever_cannot_pay_for_every_leg_is_asked_for_money_and_nobody_is_asked(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand("a", "0.1"), credits_a_thousand("b", "1000")])
    long = [{"role": "user", "content": "blue " * 400}]
    models = Models({})
    async with running_queue() as queue:
        asked = await Panels(queue, models).begin(snapshot, read_compare({"models": ["a", "b"], "messages": long}))
    assert isinstance(asked, Ask) and asked.shortfall_nanos > 0 and models.sent == {}
    assert_books_balance()


async def test_a_model_with_too_small_a_window_is_never_asked(database: str) -> None:
    prices = [credits_a_thousand("a", "0.1"), credits_a_thousand("b", "0.1", context_tokens_max=8_192)]
    _, snapshot = await paying(prices)
    models = Models({"a": saying("Blue.", prompt=10_000)})
    long = [{"role": "user", "content": "blue " * 10_000}]
    async with running_queue() as queue:
        panels = Panels(queue, models)
        result, _ = await panels.ask(snapshot, read_compare({"models": ["a", "b"], "messages": long}))
        with pytest.raises(BadField):
            await panels.begin(snapshot, read_blend({"models": ["a", "b"], "messages": long}))
    assert [(one.model, one.reason) for one in result.panel.dropped] == [("b", "too_long")]
    assert_books_balance()


async def test_limits_count_one_request_and_what_each_model_hears_as_they_would_for_it_alone(database: str) -> None:
    ada, _ = await paying([credits_a_thousand(name, "0.1") for name in ("a", "b", "c")])
    limits = Limits(requests_per_minute=2, tokens_per_minute=60_000, concurrency=1)
    with db.transaction() as session:
        paywall_id = credits_paywall_id(SANDBOX)
        publish(session, paywall_id, replace(read_current(session, paywall_id)[1], limits=PaywallLimits(user=limits)))
        snapshot = read_account_snapshot(session, make_account_key(session, ada.account_id, SANDBOX), NANOS)
    long = [{"role": "user", "content": "The colour of the sea is blue. " * 1_000}]
    asking = read_compare({"models": ["a", "b", "c"], "messages": long, "max_tokens": 200})
    models = Models({name: saying("Blue.", prompt=7_000) for name in ("a", "b", "c")})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, asking)
        assert isinstance(panel, Panel) and panel.held.admission is not None
        requests, tokens = panel.held.admission.rates
        assert requests.remaining == 1 and 0 <= (60_000 - tokens.remaining) - 3 * (31_000 // 4 + 200) < 1_000
        with pytest.raises(LimitReached, match="1 requests at once"):
            await panels.begin(snapshot, asking)
        await panels.carrier.whole(panel)
        panel = await panels.begin(snapshot, comparing("a", "b"))
        assert isinstance(panel, Panel) and panel.held.admission is not None
        used = 60_000 - panel.held.admission.rates[1].remaining
        assert 3 * 7_100 < used < 3 * 7_100 + 1_000, "what they used counts, of all of them"
        await panels.carrier.whole(panel)
        with pytest.raises(LimitReached, match="2 requests a minute"):
            await panels.begin(snapshot, comparing("a", "b"))
    assert_books_balance()


@pytest.mark.races
async def test_many_at_once_on_one_wallet_never_spend_what_is_not_there(database: str) -> None:
    names = ("a", "b", "c")
    ada, snapshot = await paying([credits_a_thousand(name, "100") for name in names])
    models = Models(
        {name: lambda said: saying("Blue.", prompt=20, output=min(40, said["max_tokens"])) for name in names}
    )
    async with running_queue() as queue:
        panels = Panels(queue, models)

        async def one() -> int:
            panel = await panels.begin(snapshot, comparing(*names, tokens=60))
            if isinstance(panel, Ask):
                return 0
            return (await panels.carrier.whole(panel)).settled.amount

        charges = [charge for _ in range(3) for charge in await asyncio.gather(*(one() for _ in range(12)))]
    assert max(charges) == 18 * NANOS, "three legs of six credits each; less where less was granted"
    assert credits_of(ada).posted_nanos == 320 * NANOS - sum(charges) >= 0
    with db.transaction(writes=False) as session:
        assert count_open_holds(session) == 0
    assert_books_balance()
