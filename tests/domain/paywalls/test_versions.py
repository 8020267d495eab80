"""A version is configuration and prices, published together; it never changes, and the newest is what is served."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db
from app.domain.errors import BadField, NotFound
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.changes import CATALOGUE
from app.domain.paywalls.configuration import Configuration, ResponderSetting, epoch_subject, read_current
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.domain.paywalls.tables import PaywallRow, PaywallVersion
from app.domain.paywalls.versions import (
    HIDDEN,
    Edition,
    list_versions,
    open_edition,
    publish,
    read_version,
    show_version,
)
from app.domain.pricing import price_book
from app.domain.pricing.price_book import NewPrice, prices_at
from app.flows.callers.snapshot import read_epochs
from app.sql.columns import table_of
from tests.support import books
from tests.support.books import editing, make_paywall
from tests.support.managing import OPERATOR, manager, owner_of, person

FIRST = Configuration("Lexica", (ProviderSetting("own", "https://api.example/v1"),), "https://lexica.example")
PRICE = NewPrice("m", 2 * NANOS, 4 * NANOS)


def epoch(session: Session, paywall_id: str) -> int:
    return read_epochs(session, (epoch_subject(paywall_id),)).get(epoch_subject(paywall_id), 0)


def amounts(session: Session, paywall_id: str, version: int) -> Mapping[str, int]:
    """What a version asks for the output of each model that it offers."""
    return {model: row.output_nanos for model, row in prices_at(session, paywall_id, version).items()}


def served(session: Session, paywall_id: str) -> Mapping[str, int]:
    """The same of what is served."""
    offers = price_book.read_offers(session, paywall_id, Unit.USD).priced
    return {model: offer.price.output_nanos for model, offer in offers.items()}


def test_a_paywall_is_created_with_its_first_version(database: str) -> None:
    with db.transaction() as session:
        books.create_paywall(session, "pw_1", Mode.SHARED, Environment.LIVE, Unit.USDC, FIRST)
    with db.transaction(writes=False) as session:
        paywall, current = read_current(session, "pw_1")
        assert (paywall.mode, paywall.environment, paywall.unit, paywall.version) == ("shared", "live", "USDC", 1)
        assert current == FIRST and read_version(session, "pw_1", 1).made_by is None


def test_nothing_is_created_or_published_of_a_configuration_that_is_refused(database: str) -> None:
    nameless = replace(FIRST, app_name="")
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    with pytest.raises(BadField), db.transaction() as session:
        books.create_paywall(session, "pw_1", Mode.DEFAULT, Environment.SANDBOX, Unit.USD, nameless)
    with pytest.raises(BadField), db.transaction() as session, editing(session, paywall_id) as edition:
        price_book.set_price(edition, PRICE)
        edition.configuration = nameless
    with db.transaction(writes=False) as session:
        assert session.get(PaywallRow, "pw_1") is None
        assert read_current(session, paywall_id)[0].version == 1 and served(session, paywall_id) == {}


@pytest.mark.unhurried
def test_publishing_adds_a_version_keeps_the_old_one_and_bumps_the_epoch_once(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE})
        _, before = read_current(session, paywall_id)
        with editing(session, paywall_id, "acc_1") as edition:
            edition.configuration = FIRST
            price_book.set_prices(edition, [replace(PRICE, output_nanos=5), replace(PRICE, model="n")])
            price_book.note_unpriced(edition, "o")
            price_book.retire(edition, "n")
        assert epoch(session, paywall_id) == 2
    with db.transaction(writes=False) as session:
        paywall, current = read_current(session, paywall_id)
        assert (paywall.version, current) == (2, FIRST)
        first, second = (read_version(session, paywall_id, number) for number in (1, 2))
        assert (first.configuration, first.made_by) == (before, None)
        assert (second.configuration, second.made_by) == (FIRST, "acc_1")
        assert amounts(session, paywall_id, 1) == {"m": 4 * NANOS}
        assert amounts(session, paywall_id, 2) == {"m": 5} == served(session, paywall_id)


def _as_it_is(edition: Edition) -> None:
    edition.configuration = replace(edition.configuration)


def _same_price(edition: Edition) -> None:
    price_book.set_price(edition, PRICE)


def _off_again(edition: Edition) -> None:
    price_book.retire(edition, "never-there")
    price_book.note_unpriced(edition, "m")


@pytest.mark.parametrize("act", [_as_it_is, _same_price, _off_again])
def test_what_changes_nothing_publishes_nothing(database: str, act: Callable[[Edition], None]) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE})
        with editing(session, paywall_id, CATALOGUE) as edition:
            act(edition)
        assert epoch(session, paywall_id) == 1
        assert session.scalar(select(func.count()).select_from(table_of(PaywallVersion))) == 1
        assert session.get_one(PaywallRow, paywall_id).version == 1


def test_a_version_or_paywall_that_does_not_exist_is_not_found(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE})
        for act in (
            lambda: open_edition(session, "pw_none", None),
            lambda: read_version(session, paywall_id, 2),
            lambda: read_version(session, paywall_id, 0),
        ):
            with pytest.raises(NotFound):
                act()
        assert prices_at(session, paywall_id, 0) == {} == prices_at(session, "pw_none", 1)


@pytest.mark.unhurried
def test_editions_at_once_are_versions_one_after_another(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE})

    def edit(number: int) -> int:
        with db.transaction() as session, editing(session, paywall_id, f"acc_{number}") as edition:
            price_book.set_price(edition, replace(PRICE, model=f"m{number}"))
            return edition.number

    with ThreadPoolExecutor(4) as pool:
        numbers = sorted(pool.map(edit, range(8)))
    assert numbers == list(range(2, 10))
    with db.transaction(writes=False) as session:
        assert [len(prices_at(session, paywall_id, number)) for number in range(1, 10)] == list(range(1, 10))
        assert len({read_version(session, paywall_id, number).made_by for number in numbers}) == 8


def test_a_version_is_shown_without_secrets_and_without_words_to_whom_they_do_not_belong(database: str) -> None:
    own = ProviderSetting("own", "https://api.example/v1", "v1.hush", headers=(("x-key", "hush"),))
    responder = ResponderSetting("https://lexica.example/words", "v1.hush")
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE}, own)
        _, first = read_current(session, paywall_id)
        books.publish(session, paywall_id, replace(first, responder=responder, messages={"topup": "Mine: {{ url }}"}))
    owner, operator = owner_of(paywall_id), manager(paywall_id, person(OPERATOR))
    with db.transaction(writes=False) as session:
        found = read_version(session, paywall_id, 2)
        shown = {who: show_version(session, who, 2) for who in (owner, operator)}
        bare = show_version(session, operator, 1).configuration
        with pytest.raises(NotFound):
            show_version(session, owner, 3)
        with pytest.raises(NotFound):
            show_version(session, replace(owner, account_id="acc_none"), 2)
    for who, view in shown.items():
        written = json.dumps(view.configuration.to_json())
        assert "hush" not in written and "https://api.example/v1" in written and "x-key" in written
        assert dict(view.configuration.messages) == {"topup": "Mine: {{ url }}" if who is owner else HIDDEN}
        assert replace(view, configuration=found.configuration) == found
    assert bare.responder is None and json.dumps(bare.to_json()).count(HIDDEN) == 2


def test_what_an_older_rule_allowed_stays_and_shows_no_password(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE}, ProviderSetting("own", "https://api.example/v1"))
        stored = session.get_one(PaywallVersion, (paywall_id, 1))
        older = {**stored.config["providers"][0], "name": "Ollama (EU)", "base_url": "https://me:hush@api.example/v1"}
        stored.config = {**stored.config, "providers": [older]}
    with db.transaction() as session:
        _, first = read_current(session, paywall_id)
        assert books.publish(session, paywall_id, replace(first, messages={"topup": "Mine: {{ url }}"})) == 2
    with db.transaction() as session, pytest.raises(BadField) as refused:
        books.publish(session, paywall_id, replace(first, providers=(replace(first.providers[0], limit_field="x"),)))
    assert refused.value.field == "providers[0].name"
    owner = owner_of(paywall_id)
    with db.transaction(writes=False) as session:
        (shown,) = show_version(session, owner, 2).configuration.providers
    assert shown.base_url == f"https://{HIDDEN}@api.example/v1"


MODELS = st.sampled_from(["a", "b", "c"])
STEP = st.one_of(
    st.tuples(st.just("set"), MODELS, st.integers(1, 3)),
    st.tuples(st.just("retire"), MODELS, st.just(0)),
    st.tuples(st.just("unpriced"), MODELS, st.just(0)),
    st.tuples(st.just("rename"), st.just(""), st.integers(1, 3)),
)


@pytest.mark.unhurried
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(editions=st.lists(st.lists(STEP, max_size=4), max_size=6))
def test_whatever_is_published_each_version_says_for_ever_what_was_served(
    migrated_sqlite_url: str, editions: list[list[tuple[str, str, int]]]
) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        said = {1: served(session, paywall_id)}
        for steps in editions:
            edition = open_edition(session, paywall_id, None)
            for kind, model, value in steps:
                if kind == "set":
                    price_book.set_price(edition, NewPrice(model, value, value))
                elif kind == "retire":
                    price_book.retire(edition, model)
                elif kind == "unpriced":
                    price_book.note_unpriced(edition, model)
                else:
                    edition.configuration = replace(edition.configuration, app_text=str(value))
            newest = publish(edition)
            said[newest] = served(session, paywall_id) if edition.is_changed else said[newest]
            assert served(session, paywall_id) == said[newest]
            assert {number: amounts(session, paywall_id, number) for number in said} == said


def test_versions_are_listed_in_pages_the_newest_first(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        for number in range(4):
            books.publish(session, paywall_id, replace(FIRST, app_name=f"Lexica {number}"))
    ada, newest = owner_of(paywall_id), 0
    with db.transaction(writes=False) as session:
        newest = read_current(session, paywall_id)[0].version
        page = [note.number for note in list_versions(session, ada, None, 2)]
        assert page == [newest, newest - 1]
        assert [note.number for note in list_versions(session, ada, newest - 1, 9)] == list(range(newest - 2, 0, -1))
