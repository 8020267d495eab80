"""A paywall is made of its draft: whole, once, its key in clear for whoever made it, and nobody else's."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from app import db
from app.adapters.payments.stripe_account import StripeAccounts
from app.domain.drafts import drafts
from app.domain.errors import BadField, NotAllowed, NotFound
from app.domain.inbox import access
from app.domain.money import NANOS
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.members import Creators, read_owner
from app.domain.people.sessions import Person
from app.flows.callers.snapshot import read_snapshot
from app.flows.drafts import steps
from app.flows.drafts.making import Made, make_paywall
from app.flows.drafts.steps import ChosenPrices, Doors, WantedProvider
from tests.emulators.upstream import RunningUpstream
from tests.support.books import assert_books_balance
from tests.support.drafting import maker, whole
from tests.support.managing import person
from tests.support.stripe_bank import StripeShop

PRICES = ChosenPrices(2_000)


@pytest.fixture
def ada(database: str) -> Person:
    return person("ada@example.org")


async def make(accounts: StripeAccounts, who: Person, paywall_id: str, prices: ChosenPrices = PRICES) -> Made:
    return await make_paywall(maker(accounts), who, paywall_id, prices)


async def test_a_paywall_has_owner_prices_a_key_and_a_first_version(
    at: Doors, accounts: StripeAccounts, ada: Person
) -> None:
    paywall_id = await whole(at, ada)
    made = await make(accounts, ada, paywall_id)
    assert made.paywall_id == paywall_id and made.key is not None and not made.problem and made.key not in repr(made)
    with db.transaction(writes=False) as session:
        snapshot = read_snapshot(session, made.key)
        changes = read_changes(session, paywall_id, 10)
        assert read_owner(session, paywall_id) == ada.account_id
        assert drafts.find_open(session, ada.account_id) is None
    assert set(snapshot.offers) == {"demo-mini", "demo-large"} and snapshot.version == 1
    assert snapshot.configuration.app_name == "Quill" and snapshot.configuration.markup_basis_points == 2_000
    assert [change.section for change in changes] == [Section.KEYS, Section.VERSION]
    assert {change.made_by for change in changes} == {ada.account_id} and made.key not in str(changes)
    assert "paywall.request.blocked" in snapshot.told, "its first request is waited for"
    assert_books_balance()


async def test_a_double_press_makes_one_paywall_and_one_key(at: Doors, accounts: StripeAccounts, ada: Person) -> None:
    paywall_id = await whole(at, ada)
    pressed = await asyncio.gather(*(make(accounts, ada, paywall_id) for _ in range(4)))
    assert {made.paywall_id for made in pressed} == {paywall_id}
    assert len([made for made in pressed if made.key]) == 1
    with db.transaction(writes=False) as session:
        for table in ("paywall_key", "paywall_version"):
            found = session.scalar(text(f"SELECT count(*) FROM {table} WHERE paywall_id = :id"), {"id": paywall_id})  # noqa: S608 - names of ours
            assert found == 1


async def test_a_draft_that_lacks_a_step_becomes_nothing(at: Doors, accounts: StripeAccounts, ada: Person) -> None:
    draft = await steps.choose_mode(at, ada, "Quill", "default", "sandbox")
    for missing in ("provider", "payments"):
        with pytest.raises(BadField) as refused:
            await make(accounts, ada, draft.paywall_id)
        assert refused.value.field == missing
        await steps.choose_provider(at, ada, WantedProvider("demo"))
    with db.transaction(writes=False) as session:
        assert not session.scalar(text("SELECT count(*) FROM paywall"))


async def test_nobody_makes_a_paywall_of_anothers_draft_or_without_being_let_in(
    at: Doors, accounts: StripeAccounts, ada: Person
) -> None:
    paywall_id = await whole(at, ada)
    with pytest.raises(NotFound):
        await make(accounts, person("eve@example.org"), paywall_id)
    with pytest.raises(NotAllowed):
        await make_paywall(replace(maker(accounts), creators=Creators(False, frozenset())), ada, paywall_id, PRICES)


@pytest.mark.unhurried
async def test_an_own_providers_models_are_priced_with_fee_and_minimum(
    at: Doors, accounts: StripeAccounts, ada: Person, emulated: RunningUpstream
) -> None:
    draft = await steps.choose_mode(at, ada, "Quill", "default", "live")
    await steps.choose_provider(at, ada, WantedProvider(base_url=emulated.base_url, key="sk-own-0123456789"))
    await steps.choose_account(at, ada, "")
    prices = ChosenPrices(1_000, NANOS // 1_000, NANOS // 100)
    made = await make(accounts, ada, draft.paywall_id, prices)
    assert made.key is not None
    with db.transaction(writes=False) as session:
        snapshot = read_snapshot(session, made.key)
    price = snapshot.offers["ok"].price
    assert (price.request_nanos, price.minimum_nanos) == (NANOS // 1_000, NANOS // 100)
    assert price.markup_basis_points == 1_000
    assert snapshot.unpriced and "ok" not in snapshot.unpriced
    setting = snapshot.configuration.providers[0]
    assert setting.key_sealed is not None
    assert at.sealer.open(setting.key_sealed, setting.seal_context(draft.paywall_id)) == "sk-own-0123456789"


@pytest.mark.unhurried
async def test_the_account_that_was_tried_is_connected_and_a_failure_keeps_the_paywall(
    at: Doors, accounts: StripeAccounts, ada: Person, shop: StripeShop
) -> None:
    paywall_id = await whole(at, ada)
    await steps.choose_account(at, ada, shop.keys["rk_test"])
    assert not (await make(accounts, ada, paywall_id)).problem
    with db.transaction(writes=False) as session:
        (connection,) = access.list_of_paywall(session, "stripe", paywall_id)
        assert connection.account == shop.id
    second = await whole(at, ada, name="Quill 2")
    await steps.choose_account(at, ada, shop.keys["rk_test"])
    shop.bank.fault("answer", status=401, times=-1)
    made = await make(accounts, ada, second)
    shop.bank.no_faults()
    assert made.key is not None and made.problem
    with db.transaction(writes=False) as session:
        assert not access.list_of_paywall(session, "stripe", second)
