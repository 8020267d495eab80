"""A paywall is handed over: by operators and by whoever has the machine, and the one before owns it no more."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.domain.errors import BadField, NotAllowed, NotFound
from app.domain.money import NANOS, Environment
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.configuration import ResponderSetting, read_current
from app.domain.paywalls.keys import add_key, list_keys, new_key
from app.domain.paywalls.members import Creators, Manager, Role, command_manager, read_owner
from app.domain.paywalls.names import list_owned
from app.domain.paywalls.provider import DEMO, ProviderSetting
from app.domain.people.accounts import list_identities
from app.domain.pricing.price_book import NewPrice, read_offers
from app.flows.paywalls.owners import duplicate, give_paywall, needs_own_provider
from app.flows.paywalls.prices import PriceRules
from app.ports.prices import CataloguePrice
from tests.support.books import make_paywall, publish, retire
from tests.support.crowd import sign_in
from tests.support.managing import OPERATOR, manager, owner_of, person

pytestmark = pytest.mark.plain_sql


def paywall() -> str:
    with db.transaction() as session:
        return make_paywall(session, {})


def console(paywall_id: str) -> Manager:
    with db.transaction(writes=False) as session:
        return command_manager(session, paywall_id)


def log(paywall_id: str) -> list[tuple[str | None, object]]:
    with db.transaction(writes=False) as session:
        found = read_changes(session, paywall_id, 100)
    assert {change.section for change in found} <= {Section.OWNER} and {change.version for change in found} <= {1}
    return [(change.made_by, change.what) for change in reversed(found)]


async def test_a_command_gives_it_to_an_account_that_is_there(database: str) -> None:
    paywall_id, ada = paywall(), person("ada@example.org")
    given = await give_paywall(console(paywall_id), " Ada@Example.org ")
    assert (given.account_id, given.email, given.is_new) == (ada.account_id, "ada@example.org", False)
    assert manager(paywall_id, ada).roles == {Role.OWNER}
    assert log(paywall_id) == [(None, {"from": None, "to": ada.account_id})]


async def test_an_operator_gives_it_on_and_the_old_owner_loses_it(database: str) -> None:
    paywall_id, bob, operator = paywall(), person("bob@example.org"), person(OPERATOR)
    was = owner_of(paywall_id)
    await give_paywall(manager(paywall_id, operator), "bob@example.org")
    with pytest.raises(NotFound):
        await give_paywall(was, "ada@example.org")
    assert manager(paywall_id, bob).roles == {Role.OWNER}
    assert log(paywall_id) == [(operator.account_id, {"from": was.account_id, "to": bob.account_id})]


async def test_an_account_that_is_made_for_it_is_entered_by_whoever_proves_the_address(database: str) -> None:
    paywall_id = paywall()
    given = await give_paywall(console(paywall_id), "new@example.org")
    assert given.is_new
    newcomer, _ = await sign_in("new@example.org")
    assert newcomer.account_id == given.account_id and manager(paywall_id, newcomer).roles == {Role.OWNER}
    with db.transaction(writes=False) as session:
        assert len(list_identities(session, given.account_id)) == 1


async def test_an_owner_may_not_give_it_away_and_a_wrong_address_gives_it_to_nobody(database: str) -> None:
    paywall_id = paywall()
    owner = owner_of(paywall_id)
    with pytest.raises(NotAllowed):
        await give_paywall(owner, "bob@example.org")
    for address in ("", "bob", "bob@localhost", "bob@example.org\nBcc: eve@example.org"):
        with pytest.raises(BadField):
            await give_paywall(console(paywall_id), address)
    with db.transaction(writes=False) as session:
        assert read_owner(session, paywall_id) == owner.account_id
    assert log(paywall_id) == []
    with pytest.raises(NotFound):
        console("pw_none")


async def test_giving_it_to_its_owner_again_changes_nothing(database: str) -> None:
    paywall_id = paywall()
    owner = owner_of(paywall_id)
    for _ in range(2):
        assert (await give_paywall(console(paywall_id), "ada@example.org")).account_id == owner.account_id
    assert log(paywall_id) == []


@pytest.mark.races
async def test_given_to_two_at_once_it_has_one_owner_and_the_log_says_how(database: str) -> None:
    paywall_id = paywall()
    names = [f"p{number}@example.org" for number in range(3)]
    given = await asyncio.gather(*(give_paywall(console(paywall_id), name) for name in names))
    with db.transaction(writes=False) as session:
        owner = read_owner(session, paywall_id)
    steps = {what["from"]: what["to"] for _, what in log(paywall_id) if isinstance(what, dict)}
    assert len(steps) == 3 and {each.account_id for each in given} == set(steps.values())
    end = None
    while end in steps:
        end = steps[end]
    assert end == owner


class Offline:
    """An offline catalogue that knows no model."""

    def find(self, _model: str) -> CataloguePrice | None:
        return None


RULES = PriceRules(Offline(), 100)
ANYONE, NOBODY = Creators(True, frozenset()), Creators(False, frozenset())


async def test_a_duplicate_has_configuration_and_prices_and_nothing_that_opens_something(database: str) -> None:
    with db.transaction() as session:
        own = ProviderSetting("own", "https://api.example/v1", "sealed-key", headers=(("x-org", "sealed-org"),))
        paywall_id = make_paywall(session, {"m": NewPrice("m", NANOS, 2 * NANOS), "off": NewPrice("off", 1, 1)}, (own,))
        _, current = read_current(session, paywall_id)
        said = ResponderSetting("https://a.example/say", "sealed-secret")
        publish(session, paywall_id, replace(current, messages={"topup": "{{ url }}"}, responder=said))
        retire(session, paywall_id, "off")
        add_key(session, paywall_id, new_key(Environment.SANDBOX))
    ada = person("ada@example.org")
    made = await duplicate(owner_of(paywall_id), ada, ANYONE, RULES)
    with db.transaction(writes=False) as session:
        source, _ = read_current(session, paywall_id)
        copy, configuration = read_current(session, made.paywall_id)
        assert (copy.mode, copy.unit, copy.version) == (source.mode, source.unit, 1)
        assert copy.environment is not source.environment
        assert configuration.messages == {"topup": "{{ url }}"} and configuration.responder is None
        assert "sealed-" not in repr(configuration) and list_keys(session, copy.id) == []
        assert set(read_offers(session, copy.id, copy.unit).priced) == {"m"} and not made.left_off
        assert read_owner(session, copy.id) == ada.account_id


async def test_a_duplicate_is_made_by_its_owner_who_may_create_paywalls(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {}, (ProviderSetting("own", "https://api.example/v1"),))
    owner, operator = owner_of(paywall_id), manager(paywall_id, person(OPERATOR))
    for who, creators in ((operator, ANYONE), (owner, NOBODY)):
        with pytest.raises(NotAllowed):
            await duplicate(who, person("ada@example.org"), creators, RULES)


@pytest.mark.unhurried
async def test_a_live_duplicate_of_the_demo_provider_needs_one_of_its_own_and_leaves_its_models(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": NewPrice("m", 1, 2)}, (ProviderSetting(DEMO),))
        assert needs_own_provider(*read_current(session, paywall_id))
    ada = person("ada@example.org")
    for address in ("", "nowhere", "https://ada:secret@api.example/v1"):
        with pytest.raises(BadField) as refused:
            await duplicate(owner_of(paywall_id), ada, ANYONE, RULES, address)
        assert refused.value.field == "base_url"
    with db.transaction(writes=False) as session:
        assert len(list_owned(session, ada, frozenset(), 9)) == 1
    made = await duplicate(owner_of(paywall_id), ada, ANYONE, RULES, "https://api.example.com/v1/")
    with db.transaction(writes=False) as session:
        copy, configuration = read_current(session, made.paywall_id)
        assert configuration.providers == (ProviderSetting("example", "https://api.example.com/v1"),)
        assert not read_offers(session, copy.id, copy.unit).priced and set(made.left_off) == {"m"}


async def test_what_is_not_possible_in_the_other_environment_stays_behind(database: str) -> None:
    own = ProviderSetting("own", "https://api.example/v1")
    with db.transaction() as session:
        prices = {"m": NewPrice("m", 1, 2), "mine": NewPrice("mine", 1, 2, provider="own")}
        paywall_id = make_paywall(session, prices, (ProviderSetting(DEMO), own))
        assert not needs_own_provider(*read_current(session, paywall_id))
    made = await duplicate(owner_of(paywall_id), person("ada@example.org"), ANYONE, RULES)
    with db.transaction(writes=False) as session:
        copy, configuration = read_current(session, made.paywall_id)
        offers = read_offers(session, copy.id, copy.unit).priced
        assert configuration.providers == (own,) and set(made.left_off) == {"m"}
        assert {model: offer.provider for model, offer in offers.items()} == {"mine": None}
