"""The one door: two who change at once, what is told and logged, and nothing half done."""

import asyncio
import json
from dataclasses import replace

import pytest

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.domain.errors import BadField, NotFound, OutdatedVersion
from app.domain.paywalls.changes import CATALOGUE, Section, read_changes
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.limits import Limits, PaywallLimits
from app.domain.paywalls.members import Manager
from app.domain.paywalls.versions import read_version
from app.domain.pricing import price_book
from app.domain.pricing.price_book import NewPrice
from app.flows.paywalls.change import change
from app.flows.paywalls.limits import Use, limits
from app.flows.paywalls.messages import Endpoint, endpoint, templates
from app.flows.paywalls.prices import Place, PriceRules, Prices, prices
from tests.support.books import PRICE, editing, make_paywall, make_snapshot
from tests.support.managing import OPERATOR, manager, owner_of, person
from tests.support.webhooks import listening, told

pytestmark = pytest.mark.plain_sql

TEXTS = {"topup": "Pay, please: {{ url }}"}
LIMITED = PaywallLimits(user=Limits(concurrency=3))


def paywall() -> str:
    with db.transaction() as session:
        return make_paywall(session, {"demo-mini": PRICE})


def newest(paywall_id: str) -> tuple[int, Configuration]:
    with db.transaction(writes=False) as session:
        found, current = read_current(session, paywall_id)
        return found.version, current


@pytest.mark.races
async def test_of_two_who_change_at_once_one_is_told_and_nobody_loses_anything(database: str) -> None:
    paywall_id = paywall()
    ada, operator = manager(paywall_id, person(OPERATOR)), manager(paywall_id, person(OPERATOR))
    read, _ = newest(paywall_id)

    async def save(who: Manager, number: int, read_version: int) -> int:
        if number % 2:
            return (await change(who, templates(), TEXTS, read_version)).version
        return (await change(who, limits(), Use(LIMITED), read_version)).version

    done = await asyncio.gather(
        *(save(who, number, read) for number, who in enumerate((ada, operator))), return_exceptions=True
    )
    (refused,) = [each for each in done if isinstance(each, OutdatedVersion)]
    assert [each for each in done if not isinstance(each, Exception)] == [2]
    assert (refused.newest, refused.made_by) == (2, operator.account_id)
    assert "Version 2 was published by op" in refused.message and "on version 1" in refused.message
    for number, each in enumerate(done):
        if each is refused:  # who was refused looks again, and changes that
            assert await save(ada, number, refused.newest) == 3
    version, current = newest(paywall_id)
    assert (version, dict(current.messages), current.limits) == (3, TEXTS, LIMITED)
    with db.transaction(writes=False) as session:
        assert {each.section for each in read_changes(session, paywall_id, 9)} == {Section.MESSAGES, Section.LIMITS}


@pytest.mark.races
async def test_of_many_at_once_each_version_is_read_by_who_made_the_next(database: str) -> None:
    paywall_id = paywall()
    owner = owner_of(paywall_id)

    async def save(number: int) -> int:
        refusals = 0
        while True:
            version, current = newest(paywall_id)
            texts = {**current.messages, "topup": current.messages.get("topup", "{{ url }}") + f" {number}."}
            try:
                await change(owner, templates(), texts, version)
                return refusals
            except OutdatedVersion:
                refusals += 1

    await asyncio.gather(*(save(number) for number in range(6)))
    version, current = newest(paywall_id)
    assert version == 7 and sorted(current.messages["topup"].split()[3:]) == [f"{number}." for number in range(6)]


@pytest.mark.parametrize("read", [None, 0, 1, 3, -1])
async def test_a_version_that_is_not_the_newest_is_refused_by_name(database: str, read: int | None) -> None:
    paywall_id = paywall()
    owner = owner_of(paywall_id)
    with db.transaction() as session, editing(session, paywall_id, CATALOGUE) as edition:
        price_book.set_price(edition, NewPrice("n", 1, 1))
    with pytest.raises(OutdatedVersion, match="Version 2 was published by the catalogue") as refused:
        await change(owner, templates(), TEXTS, read)
    assert (refused.value.newest, refused.value.made_by) == (2, CATALOGUE)
    assert newest(paywall_id)[0] == 2


async def test_a_change_is_told_and_logged_without_secrets_and_words(database: str) -> None:
    snapshot = await listening(make_snapshot())
    owner, box = owner_of(snapshot.paywall_id), SecretBox(settings.get().secrets)
    made = await change(owner, endpoint(box), Endpoint("https://lexica.example/hidden"), 1)
    await change(owner, templates(), TEXTS, 2)
    events = [data for type_, data in await told(snapshot) if type_ == "paywall.updated"]
    assert sorted(event["configVersion"] for event in events) == [2, 3]
    with db.transaction(writes=False) as session:
        logged = read_changes(session, snapshot.paywall_id, 2)
        assert read_version(session, snapshot.paywall_id, 3).made_by == owner.account_id
    assert [(each.made_by, each.section, each.version) for each in logged] == [
        (owner.account_id, Section.MESSAGES, 3), (owner.account_id, Section.MESSAGES, 2)
    ]  # fmt: skip
    assert [each.what["changed"] for each in logged] == [["messages.topup"], ["responder"]]
    written = json.dumps([events, [dict(each.what) for each in logged]])
    assert made.outcome is not None
    for secret in (made.outcome, "please", "hidden", "v1."):
        assert secret not in written


async def test_what_is_there_already_is_no_version_and_no_row(database: str) -> None:
    paywall_id = paywall()
    owner = owner_of(paywall_id)
    for _ in range(3):
        assert (await change(owner, templates(), TEXTS, newest(paywall_id)[0])).version == 2
    with db.transaction(writes=False) as session:
        assert len(read_changes(session, paywall_id, 9)) == 1


class Nothing:
    """A catalogue that knows no model."""

    def find(self, model: str) -> None:
        return None


@pytest.mark.parametrize(
    "wanted",
    [
        Prices(own=[NewPrice("n", 1, 1), NewPrice("o", -1, 1)]),
        Prices(own=[NewPrice("n", 1, 1)], off=["never-there"]),
        Prices(own=[NewPrice("n", 1, 1)], follow=[Place("never-there")]),
        Prices(own=[NewPrice("n", 1, 1)], markup_basis_points=-1),
    ],
)
async def test_one_price_that_cannot_be_leaves_all_as_they_were(database: str, wanted: Prices) -> None:
    paywall_id = paywall()
    with pytest.raises(BadField):
        await change(owner_of(paywall_id), prices(PriceRules(Nothing(), 100)), wanted, 1)
    with db.transaction(writes=False) as session:
        assert read_current(session, paywall_id)[0].version == 1
        assert set(price_book.read_latest(session, paywall_id)) == {"demo-mini"}
        assert read_changes(session, paywall_id, 9) == []


async def test_a_paywall_that_does_not_exist_is_not_found(database: str) -> None:
    owner = owner_of(paywall())
    with pytest.raises(NotFound):
        await change(replace(owner, paywall_id="pw_none"), templates(), {}, 1)
