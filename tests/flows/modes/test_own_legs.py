"""Several models by own keys: each by who pays for it, nothing of a wallet in a key's place, charged what was paid."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app import db
from app.domain.credentials import credentials
from app.domain.credentials.credentials import NewCredential, Profile
from app.domain.errors import BadField, OwnKeyUnavailable, ProviderFailed, StillRunning
from app.domain.legs.legs import Source
from app.domain.legs.tables import RequestLeg
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import AuthStyle
from app.domain.pricing.price_book import NewPrice
from app.domain.safety.log import read_newest
from app.domain.usage.idempotency import claim, read_chat
from app.domain.usage.requests import TABLE, Labels
from app.flows.callers.asked import Action, Ask
from app.flows.chat.call import Run
from app.flows.modes.feed import Piece
from app.flows.modes.members import Panel
from app.flows.modes.stories import NotEnough
from app.flows.orders.choose import choose
from app.flows.vault.vault import VaultRules
from app.formats.account.modes import Asking, read_blend, read_compare, read_judge
from app.sql.columns import table_of
from tests.emulators.upstream import RunningUpstream
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.credits import credits_of
from tests.support.crowd import connect, top_up
from tests.support.handed import mint_order, open_order, reap_holds
from tests.support.ordered import order_of
from tests.support.own_keys import OWN_SECRET, OWN_URL, Endpoint, allow, box, save_key
from tests.support.own_panels import OwnModes, own_modes
from tests.support.panels import SAID, credits_a_thousand
from tests.support.waiting import until

LEGS = table_of(RequestLeg)
OK = "ok:8"
OWN, WALLET = "byok", "platform"


def comparing(*models: str, **more: Any) -> Asking:
    return read_compare({"models": list(models), "messages": SAID, "max_tokens": 50, **more})


def rows_of(request_id: str) -> list[tuple[str, str, int]]:
    with db.transaction(writes=False) as session:
        found = session.execute(select(LEGS).where(LEGS.c.request_id == request_id).order_by(LEGS.c.leg))
        return [(row.model, row.billing_source, row.charge_nanos) for row in found]


def row_of(request_id: str) -> Any:
    with db.transaction(writes=False) as session:
        return session.execute(select(TABLE).where(TABLE.c.id == request_id)).one()


async def test_of_own_platform_own_the_platforms_leg_alone_is_held_for_and_charged(
    database: str, emulated: RunningUpstream
) -> None:
    async with own_modes(emulated) as modes:
        emulated.become(a=OK, b=OK, c=OK)
        alone = await modes.begin(comparing("b", "c"), Source.PLATFORM)
        save_key(modes.person, "a", "c")
        panel = await modes.begin(comparing("a", "b", "c"))
        assert isinstance(panel, Panel) and isinstance(alone, Panel)
        assert 2 * NANOS <= panel.held.amount < alone.held.amount
        await modes.carrier.whole(alone)
        before = credits_of(modes.person).posted_nanos
        result = await modes.carrier.whole(panel)
        assert modes.asked() == {("a", True): 1, ("b", False): 2, ("c", True): 1, ("c", False): 1}
        charge = result.settled.amount
        assert charge > 0 and credits_of(modes.person).posted_nanos == before - charge
        assert modes.lines(panel.id) == [
            ("a", OWN, "answered", "0"), ("b", WALLET, "answered", str(charge // NANOS)), ("c", OWN, "answered", "0"),
        ]  # fmt: skip
        assert rows_of(panel.id) == [("a", OWN, 0), ("b", WALLET, charge), ("c", OWN, 0)]
        assert (row_of(panel.id).billing_source, panel.call.goes_by) == (WALLET, Source.PLATFORM)
        tokens = {leg.model: leg.tokens for leg in modes.receipt(panel.id).legs}
        assert all(tokens.values()), "what an own key used is known all the same"
    assert_books_balance()


async def test_all_own_costs_nothing_and_leaves_three_rows_even_where_only_free_models_are_open(
    database: str, emulated: RunningUpstream
) -> None:
    async with own_modes(emulated, credits=3) as modes:
        emulated.become(a=OK, b=OK, c=OK)
        save_key(modes.person, "a", "b", "c")
        before = credits_of(modes.person)
        panel = await modes.begin(comparing("a", "b", "c"), Source.OWN)
        assert isinstance(panel, Panel) and (panel.held.amount, panel.source) == (0, Source.OWN)
        result = await modes.carrier.whole(panel)
        assert result.settled.amount == 0 and credits_of(modes.person) == before
        assert rows_of(panel.id) == [(model, OWN, 0) for model in ("a", "b", "c")]
        row = row_of(panel.id)
        assert (row.billing_source, row.status, row.hold_nanos, row.charge_nanos) == (OWN, "settled", 0, 0)
        assert row.tokens == sum(leg.tokens or 0 for leg in modes.receipt(panel.id).legs) > 0
        assert {own for _, own in modes.asked()} == {True}
    assert_books_balance()


async def test_where_own_keys_shall_pay_and_one_is_missing_the_whole_request_is_a_link(
    database: str, emulated: RunningUpstream
) -> None:
    async with own_modes(emulated) as modes:
        save_key(modes.person, "a", "b")
        emulated.become(a=OK, b=OK, c=OK, j=OK)
        judge = {"contestants": ["a", "b"], "judge": "j", "messages": SAID, "max_tokens": 50}
        blend = {"models": ["a", "b"], "synthesizer": "c", "messages": SAID, "max_tokens": 50}
        for asking, missing in ((comparing("a", "c"), "c"), (read_judge(judge), "j"), (read_blend(blend), "c")):
            asked = await modes.begin(asking, Source.OWN)
            assert isinstance(asked, Ask) and asked.action is Action.OWN_KEY and f"`{missing}`" in asked.beside
        routed = await modes.mesh.begin("a", "c", source=Source.OWN)
        assert isinstance(routed, Ask) and routed.action is Action.OWN_KEY and "`c`" in routed.beside
        assert modes.asked() == {} and credits_of(modes.person).held_nanos == 0
        wallet_id = await _wallet_of(modes)
        await modes.chat.keeper.drain(5)
        with db.transaction(writes=False) as session:
            noted = read_newest(session, [wallet_id], 10)
        assert {one.code for one in noted} == {"own_key_required"}
    assert_books_balance()


async def _wallet_of(modes: OwnModes) -> str:
    return (await modes.door._standings.find(modes.snapshot, modes.person.account_id)).payer.id


@pytest.mark.parametrize("more", [{"synthesizer": "c"}, {"strategy": "chain"}])
async def test_who_reads_answers_by_an_own_key_reads_the_pictures_too_whatever_these_cost_elsewhere(
    database: str, emulated: RunningUpstream, more: dict[str, Any]
) -> None:
    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]}]
    async with own_modes(emulated) as modes:
        emulated.become(a=OK, b=OK, c=OK)
        save_key(modes.person, "a", "b", "c")
        result = await modes.ask(read_blend({"models": ["a", "b"], "messages": picture, "max_tokens": 50, **more}))
        assert result.outcome.final is not None and result.settled.amount == 0
        assert {line[2] for line in modes.lines(result.panel.id)} == {"answered"}
    assert_books_balance()


async def test_an_order_says_for_every_leg_who_pays(database: str, emulated: RunningUpstream) -> None:
    async with own_modes(emulated) as modes:
        emulated.become(a=OK, b=OK)
        save_key(modes.person, "a")
        account = modes.person.account_id
        platform, own, open_ = (order_of(modes.snapshot, account, by) for by in (Source.PLATFORM, Source.OWN, None))
        asked = await modes.begin(comparing("a", "b"), labels=Labels(order=open_.id))
        assert isinstance(asked, Ask) and (asked.action, asked.order_id) == (Action.ORDER, open_.id)
        asked = await modes.begin(comparing("a", "b"), labels=Labels(order=own.id))
        assert isinstance(asked, Ask) and asked.action is Action.OWN_KEY
        with pytest.raises(BadField) as refused:
            await modes.begin(comparing("a", "b"), Source.OWN, labels=Labels(order=platform.id))
        assert refused.value.code == "unsupported_billing" and modes.asked() == {}
        result = await modes.ask(comparing("a", "b"), labels=Labels(order=platform.id))
        assert [source for _, source, _, _ in modes.lines(result.panel.id)] == [WALLET, WALLET]
        assert modes.receipt(result.panel.id).order == platform.id
        spared = order_of(modes.snapshot, account)
        link = open_order(mint_order(modes.snapshot.paywall_id, account, spared.id))
        await choose(link, modes.person, Source.OWN, may_fall_back=True)
        result = await modes.ask(comparing("a", "b"), labels=Labels(order=spared.id))
        assert [source for _, source, _, _ in modes.lines(result.panel.id)] == [OWN, WALLET], "where that was allowed"
    assert_books_balance()


@pytest.mark.parametrize("by", [None, Source.OWN])
async def test_a_key_that_cannot_be_opened_fails_its_leg_and_nobody_pays_in_its_place(
    database: str, emulated: RunningUpstream, by: Source | None
) -> None:
    async with own_modes(emulated) as modes:
        emulated.become(a=OK, b=OK)
        save_key(modes.person, "a", sealed_for="https://another.example")
        before = credits_of(modes.person)
        if by is None:
            result = await modes.ask(comparing("a", "b"))
            (first, second) = modes.receipt(result.panel.id).legs
            assert (first.billing_source, first.status, first.reason) == (OWN, "failed", "own_key_unavailable")
            assert (second.billing_source, second.status) == (WALLET, "answered")
            assert modes.asked() == {("b", False): 1}
            before = credits_of(modes.person)
        save_key(modes.person, "a", "b", sealed_for="https://another.example")
        with pytest.raises(OwnKeyUnavailable):
            await modes.ask(comparing("a", "b"), by)
        assert modes.asked() == ({("b", False): 1} if by is None else {}) and credits_of(modes.person) == before
    assert_books_balance()


@pytest.mark.parametrize("stream", [True, False])
async def test_an_own_key_that_is_refused_or_gone_ends_a_mesh_and_one_that_is_busy_does_not(
    database: str, emulated: RunningUpstream, stream: bool
) -> None:
    async with own_modes(emulated) as modes:
        mesh, before = modes.mesh, credits_of(modes.person)
        save_key(modes.person, "a")
        for number, status in enumerate((401, 402, 403), 1):
            emulated.become(a=f"fail:{status}", b=OK)
            heard = await mesh.ask("a", "b", stream=stream)
            assert isinstance(heard.error, ProviderFailed) and heard.error.status == status
            assert modes.asked() == {("a", True): number}
        assert mesh.breakers.listed() == [], "it says nothing of the provider"
        save_key(modes.person, "a", sealed_for="https://another.example")
        heard = await mesh.ask("a", "b", stream=stream)
        assert isinstance(heard.error, OwnKeyUnavailable) and modes.asked() == {("a", True): 3}
        assert [line[:3] for line in modes.lines(heard.request_id)] == [("a", OWN, "failed"), ("b", WALLET, "skipped")]
        assert credits_of(modes.person) == before
        save_key(modes.person, "a")
        emulated.become(a="fail:503")
        heard = await mesh.ask("a", "b", stream=stream)
        assert heard.error is None and modes.lines(heard.request_id)[1][:3] == ("b", WALLET, "answered")
        receipt = modes.receipt(heard.request_id)
        assert receipt.billing_source == WALLET and receipt.legs[1].charge == receipt.charge != "0"
        emulated.become(a=OK)
        heard = await mesh.ask("a", "b", stream=stream)
        receipt = modes.receipt(heard.request_id)
        assert (receipt.billing_source, receipt.charge) == (OWN, "0") and receipt.hold != "0"
        assert credits_of(modes.person).held_nanos == 0
    assert_books_balance()


async def test_what_one_own_key_meets_opens_its_breaker_alone(database: str, emulated: RunningUpstream) -> None:
    async with own_modes(emulated) as modes:
        mesh = modes.mesh
        mine = save_key(modes.person, "a", "c")
        emulated.become(a="fail:429:7", b=OK, c=OK)
        assert (await mesh.ask("a", "b")).error is None
        (listed,) = mesh.breakers.listed()
        assert listed.name.credential == f"own/{mine}"
        heard = await mesh.ask("a", "b")
        assert heard.routes[0] == ("a", "skipped", "circuit_open") and modes.asked()["a", True] == 1
        result = await modes.ask(comparing("b", "c"))
        assert modes.lines(result.panel.id)[1][:3] == ("c", OWN, "failed"), "its host wants that key left alone"
        assert modes.asked()["c", True] == 0
        emulated.become(a=OK)
        result = await modes.ask(comparing("a", "c"), Source.PLATFORM)
        assert [line[2] for line in modes.lines(result.panel.id)] == ["answered"] * 2
    assert_books_balance()


async def test_fifty_requests_of_three_legs_on_an_expired_sign_in_renew_it_once(
    database: str, emulated: RunningUpstream
) -> None:
    endpoint, token_url = Endpoint(waits=True), "https://login.example/token"
    async with own_modes(emulated, endpoint=endpoint, rules=VaultRules({token_url: "us"})) as modes:
        emulated.become(a=OK, b=OK, c=OK)
        made, seal = credentials.new_credential_id(), box().seal
        profile = Profile(token_url, seal("refresh-0", credentials.refresh_context(made, token_url)), 1, 1)
        key = seal("access-0", credentials.seal_context(made, OWN_URL))
        with db.transaction() as session:
            credentials.save(session, NewCredential(made, modes.person.account_id, "openai", OWN_URL, AuthStyle.BEARER,
                                                    key, "ss-0", ("a", "b", "c"), profile=profile))  # fmt: skip
        asking = [asyncio.ensure_future(modes.ask(comparing("a", "b", "c"))) for _ in range(50)]
        await endpoint.begun.wait()
        endpoint.goes_on.set()
        results = await asyncio.gather(*asking)
        assert endpoint.asked == [(token_url, "us", "refresh-0")]
        sent = Counter(one["headers"]["authorization"] for one in emulated.seen())
        assert sent == {"Bearer access-1": 150} and {result.settled.amount for result in results} == {0}
    assert_books_balance()


async def test_each_own_leg_counts_for_the_day_and_those_that_were_not_asked_do_not(
    database: str, emulated: RunningUpstream
) -> None:
    prices = {name: NewPrice(name, NANOS, NANOS, output_tokens_max=100) for name in ("a", "b", "c")}
    async with own_modes(emulated) as modes:
        emulated.become(a=OK, b=OK, c=OK)
        app = make_snapshot(prices, mode=Mode.SHARED)
        top_up(modes.person, 5 * NANOS)
        await connect(app, modes.person)
        save_key(modes.person, "a", "b")
        allow(app, per_day=5)

        async def ask(asking: Asking) -> list[str] | Action:
            panel = await modes.begin(asking, snapshot=app, user="u1")
            if isinstance(panel, Ask):
                return panel.action
            await modes.carrier.whole(panel)
            await modes.chat.keeper.drain(5)
            return [source for _, source, _, _ in modes.lines(panel.id, app)]

        assert await ask(comparing("a", "b", "c")) == [OWN, OWN, WALLET]
        assert await ask(comparing("a", "b")) == [OWN, OWN]
        assert await ask(comparing("a", "b")) is Action.LIMIT, "two at once, and one is left"
        assert await ask(comparing("a", "c")) == [OWN, WALLET]
        assert await ask(comparing("a", "c")) is Action.LIMIT
        allow(app, per_day=7)
        emulated.become(c="fail:503")
        blend = {"models": ["b", "c"], "synthesizer": "a", "messages": SAID, "max_tokens": 50}
        with pytest.raises(NotEnough):  # whoever writes is not asked
            await ask(read_blend(blend))
        await modes.chat.keeper.drain(5)
        assert await ask(comparing("a", "c")) == [OWN, WALLET]
        assert await ask(comparing("a", "c")) is Action.LIMIT
    assert_books_balance()


VERDICT = json.dumps({"winner": "A", "scores": {letter: {"score": 9, "reason": "So."} for letter in "AB"},
                      "reason": "It is right."})  # fmt: skip


@pytest.mark.parametrize("own", ["j", "a", "ab", "abj"])
async def test_judge_and_writer_go_by_who_pays_for_their_own_model(
    database: str, emulated: RunningUpstream, own: str
) -> None:
    async with own_modes(emulated) as modes:
        emulated.become(a=OK, b=OK, j=OK)
        save_key(modes.person, *own)
        wanted = [OWN if name in own else WALLET for name in "abj"]
        said: list[Callable[[], Asking]] = [
            lambda: read_judge({"contestants": ["a", "b"], "judge": "j", "messages": SAID, "max_tokens": 50}),
            lambda: read_blend({"models": ["a", "b"], "synthesizer": "j", "messages": SAID, "max_tokens": 50}),
        ]
        for read in said:
            result = await modes.ask(read())
            lines = modes.lines(result.panel.id)
            assert [source for _, source, _, _ in lines] == wanted
            paid = [charge for _, source, status, charge in lines if source == WALLET and status == "answered"]
            assert [charge for _, source, _, charge in lines if source == OWN] == ["0"] * len(own)
            assert bool(paid) == (result.settled.amount > 0)
            assert {(model, own_key) for model, own_key in modes.asked()} == {(n, n in own) for n in "abj"}
    assert_books_balance()


PICTURE = [{"role": "user", "content": [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
]}]  # fmt: skip


@pytest.mark.parametrize("said", [SAID, PICTURE], ids=["text", "picture"])
async def test_who_reads_others_by_an_own_key_is_asked_by_its_name_there_and_no_picture_is_priced(
    database: str, emulated: RunningUpstream, said: list[dict[str, Any]]
) -> None:
    prices = [credits_a_thousand(name) for name in ("a", "b", "openai/j")]
    async with own_modes(emulated, prices) as modes:
        emulated.become(a=OK, b=OK, j=OK)
        save_key(modes.person, "a", "b", "j")
        for asking in (
            read_judge({"contestants": ["a", "b"], "judge": "openai/j", "messages": said, "max_tokens": 50}),
            read_blend({"models": ["a", "openai/j"], "messages": said, "strategy": "chain", "max_tokens": 50}),
            read_blend({"models": ["a", "b"], "synthesizer": "openai/j", "messages": said, "max_tokens": 50}),
        ):
            result = await modes.ask(asking, Source.OWN)
            reasons = {leg.reason for leg in modes.receipt(result.panel.id).legs}
            assert reasons <= {None, "no_verdict"}, "who says no verdict was asked for one"
        assert modes.asked() == {("a", True): 3, ("b", True): 2, ("j", True): 3}
    assert_books_balance()


async def test_what_stopped_a_leg_is_a_line_of_its_own(database: str, emulated: RunningUpstream) -> None:
    async with own_modes(emulated) as modes:
        emulated.become(a="fail:401", b="fail:429:1", c=OK, j="filtered")
        save_key(modes.person, "a")
        result = await modes.ask(comparing("a", "b", "c", "j"))
        with db.transaction(writes=False) as session:
            noted = read_newest(session, [await _wallet_of(modes)], 10)
        assert {(one.model, one.kind.value, one.code) for one in noted} == {
            ("a", "provider_refusal", "status_401"), ("b", "limit", "provider_rate"),
            ("j", "content_filter", "content_filter"),
        }  # fmt: skip
        assert {one.request_id for one in noted} == {result.panel.id}
        assert OWN_SECRET not in repr(noted)
    assert_books_balance()


async def test_a_process_that_is_lost_charges_nothing_and_frees_the_key(
    database: str, emulated: RunningUpstream
) -> None:
    async with own_modes(emulated) as modes:
        emulated.become(a=OK, b=OK)
        save_key(modes.person, "a")
        claimed = claim("k", modes.snapshot.paywall_id, "account_compare", modes.person.account_id, b"{}")
        assert claimed is not None
        panel = await modes.begin(comparing("a", "b"), claimed=claimed)
        assert isinstance(panel, Panel) and panel.held.amount > 0
        with pytest.raises(StillRunning):
            await modes.begin(comparing("a", "b"), claimed=claimed)
        before = credits_of(modes.person).posted_nanos
        assert await reap_holds(modes.chat.queue) == 1
        assert (credits_of(modes.person).posted_nanos, credits_of(modes.person).held_nanos) == (before, 0)
        with db.transaction(writes=False) as session:
            assert read_chat(session, claimed) is None
        again = await modes.begin(comparing("a", "b"), claimed=claimed)
        assert isinstance(again, Panel)
        await modes.carrier.whole(again)
    assert_books_balance()


async def test_a_key_that_goes_while_a_panel_runs_is_missed_and_paid_for_by_no_wallet(
    database: str, emulated: RunningUpstream
) -> None:
    async with own_modes(emulated) as modes:
        emulated.become(a=OK, b=OK, j=OK)
        save_key(modes.person, "a", "j")
        judging = read_judge({"contestants": ["a", "b"], "judge": "j", "messages": SAID, "max_tokens": 50})
        panel = await modes.begin(judging)
        assert isinstance(panel, Panel)
        _remove_key(modes)
        result = await modes.carrier.whole(panel)
        assert (result.outcome.verdict, result.outcome.reason) == (None, "own_key_unavailable")
        charge = str(result.settled.amount // NANOS)
        assert modes.lines(panel.id) == [
            ("a", OWN, "failed", "0"), ("b", WALLET, "answered", charge), ("j", OWN, "failed", "0"),
        ]  # fmt: skip
        assert modes.asked() == {("b", False): 1} and charge != "0"
    assert_books_balance()


async def test_a_wallet_that_may_pay_where_no_key_serves_pays_for_none_that_cannot_be_read(
    database: str, emulated: RunningUpstream
) -> None:
    async with own_modes(emulated) as modes:
        emulated.become(a=OK, b=OK)
        save_key(modes.person, "a", sealed_for="https://another.example")
        account = modes.person.account_id
        spared = order_of(modes.snapshot, account)
        link = open_order(mint_order(modes.snapshot.paywall_id, account, spared.id))
        await choose(link, modes.person, Source.OWN, may_fall_back=True)
        labels = Labels(order=spared.id)
        result = await modes.ask(comparing("a", "b"), labels=labels)
        assert [line[:3] for line in modes.lines(result.panel.id)] == [("a", OWN, "failed"), ("b", WALLET, "answered")]
        assert modes.asked() == {("b", False): 1}
        _remove_key(modes)
        result = await modes.ask(comparing("a", "b"), labels=labels)
        assert [line[1] for line in modes.lines(result.panel.id)] == [WALLET] * 2, "there is no key any more"
    assert_books_balance()


def _remove_key(modes: OwnModes) -> None:
    with db.transaction() as session:
        account = modes.person.account_id
        credentials.remove(session, account, credentials.find_by_name(session, account, "openai"))


async def test_a_lost_process_charges_the_platforms_leg_alone_and_keeps_what_own_keys_used(
    database: str, emulated: RunningUpstream
) -> None:
    async with own_modes(emulated) as modes:
        emulated.become(a=OK, b=OK, c="hung")
        save_key(modes.person, "a", "c")
        panel, shown = await modes.begin(comparing("a", "b", "c")), list[Piece]()
        assert isinstance(panel, Panel)

        async def show(piece: Piece) -> None:
            shown.append(piece)

        carrying = asyncio.create_task(modes.carrier.stream(panel, show))
        await until(lambda: all(one.task is not None and one.task.done() for one in panel.answering[:2]))
        assert await reap_holds(modes.chat.queue) == 1
        (own, platform, silent), row = modes.receipt(panel.id).legs, row_of(panel.id)
        assert (own.billing_source, own.charge, own.status) == (OWN, "0", "answered") and own.tokens
        assert (platform.billing_source, platform.status) == (WALLET, "answered") and platform.tokens
        assert platform.charge == modes.receipt(panel.id).charge != "0" and silent.charge == "0"
        assert (row.status, row.tokens) == ("interrupted", own.tokens + platform.tokens)
        assert credits_of(modes.person).posted_nanos == 320 * NANOS - row.charge_nanos
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
        assert row_of(panel.id).charge_nanos == row.charge_nanos
    assert_books_balance()


async def test_auto_takes_models_that_own_keys_serve_where_these_are_to_pay(
    database: str, emulated: RunningUpstream
) -> None:
    prices = [credits_a_thousand("a", "1"), credits_a_thousand("b", "5"), credits_a_thousand("c", "9")]
    async with own_modes(emulated, prices) as modes:
        emulated.become(a=OK, b=OK, c=OK)
        save_key(modes.person, "c")
        run = await modes.mesh.begin("auto", source=Source.OWN)
        assert isinstance(run, Run) and (run.source, run.held.amount) == (Source.OWN, 0)
        heard = await modes.mesh.carry(run)
        receipt = modes.receipt(heard.request_id)
        assert (receipt.model, receipt.billing_source, receipt.charge, receipt.mode) == ("c", OWN, "0", None)
        assert modes.asked() == {("c", True): 1}
    assert_books_balance()
