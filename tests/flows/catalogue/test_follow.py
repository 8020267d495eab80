"""A paywall's prices follow the catalogue, and never what a developer has set."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from app import db, settings
from app.domain.catalogue.catalogue import ListedModel, ModelList, write_list
from app.domain.money import NANOS, Unit
from app.domain.paywalls import versions
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice, Offers
from app.domain.pricing.quote import Tier
from app.domain.pricing.tables import ModelPrice, PriceSource, RetiredBecause
from app.flows.catalogue.follow import SwitchedOff
from tests.support import books
from tests.support.books import Providers, make_paywall
from tests.support.handed import follow_catalogue

pytestmark = pytest.mark.plain_sql

HOST = "openrouter.ai"
OPERATORS, OWN = ProviderSetting(BUILT_IN), ProviderSetting("own", f"https://{HOST}/api/v1")
ELSEWHERE = ProviderSetting("own", "https://together.example/v1")
ASKED = ListPrice(NANOS, 2 * NANOS, tiers=(Tier(1_000, 3 * NANOS, 3 * NANOS, 4 * NANOS),))
A = ListedModel("a/a", "A", "Writes.", 0, ASKED, 8_000, 1_000)
B = replace(A, model="b/b", price=ListPrice(0, 0))
MINE = NewPrice("a/a", 10 * NANOS, 20 * NANOS, display_name="Mine")


class Paywall:
    """A paywall whose prices follow lists, in one open transaction."""

    def __init__(self, session: Session, provider: Providers, *prices: NewPrice, mode: Mode = Mode.SHARED) -> None:
        self.session = session
        self.id = make_paywall(session, {price.model: price for price in prices}, provider, mode, 1_000)

    def follow(self, *models: ListedModel, unreadable: Iterable[str] = ()) -> tuple[int, list[SwitchedOff]]:
        write_list(self.session, ModelList(models, frozenset(unreadable)))
        return follow_catalogue(self.session, self.id, HOST)

    @property
    def offers(self) -> Offers:
        return price_book.read_offers(self.session, self.id, Unit.USDC)

    def reason(self, model: str = "a/a") -> RetiredBecause | None:
        row = price_book.current(self.session, self.id, model)
        assert row is not None
        return row.retired_because


def test_new_models_reach_whom_the_operators_key_serves_with_the_markup(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS)
        assert paywall.follow(A, B, replace(A, model="auto", price=None)) == (2, [])
        assert paywall.follow(A, B, replace(A, model="auto", price=None)) == (0, [])
        offers = paywall.offers
        offer = offers.priced["a/a"]
        assert (offer.display_name, offer.description, offer.context_tokens_max, offer.output_tokens_max) == (
            "A", "Writes.", 8_000, 1_000,
        )  # fmt: skip
        assert (offer.price.input_nanos, offer.price.markup_basis_points, offer.price.tiers) == (
            NANOS, 1_000, ASKED.tiers,
        )  # fmt: skip
        assert offers.priced["b/b"].price.is_free and offers.unpriced == {"auto"}
        assert paywall.reason("auto") == RetiredBecause.UNPRICED


@pytest.mark.unhurried
def test_a_price_that_changed_is_a_new_version_and_the_old_one_stays(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS)
        paywall.follow(A)
        before = paywall.offers.priced["a/a"].price
        assert paywall.follow(replace(A, price=ListPrice(5, 6))) == (1, [])
        after = paywall.offers.priced["a/a"].price
        assert (after.version, after.input_nanos, after.tiers) == (2, 5, ())
        stored = session.get(ModelPrice, before.id)
        assert stored is not None and price_book.to_offer(stored, Unit.USDC).price == before


def test_what_vanished_is_off_until_it_returns(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS, replace(MINE, model="b/b"))
        paywall.follow(A, B)
        assert paywall.follow(replace(A, model="c/c")) == (3, [])
        assert set(paywall.offers.priced) == {"c/c"} and paywall.offers.unpriced == {"a/a", "b/b"}
        assert (paywall.reason("a/a"), paywall.reason("b/b")) == (RetiredBecause.VANISHED, RetiredBecause.VANISHED)
        assert paywall.follow(A, B) == (3, [])
        assert set(paywall.offers.priced) == {"a/a", "b/b"}
        assert paywall.offers.priced["b/b"].price.input_nanos == MINE.input_nanos  # the developer's own, as it was


def test_what_has_no_price_any_more_is_off_until_it_has_one(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS)
        paywall.follow(A)
        assert paywall.follow(replace(A, price=None)) == (1, [])
        assert paywall.reason() == RetiredBecause.UNPRICED and not paywall.offers.priced
        assert paywall.follow(A) == (1, []) and "a/a" in paywall.offers.priced


def test_what_a_developer_took_off_stays_off(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS)
        paywall.follow(A)
        books.retire(session, paywall.id, "a/a")
        assert paywall.follow(replace(A, price=ListPrice(7, 7))) == (0, [])
        assert paywall.reason() is RetiredBecause.DEVELOPER


def test_what_a_developer_took_off_stays_off_also_if_it_vanishes_and_returns(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS)
        paywall.follow(A, B)
        books.retire(session, paywall.id, "a/a")
        for listed in ((B,), (A, B)):
            assert paywall.follow(*listed) == (0, []) and paywall.reason() == RetiredBecause.DEVELOPER


def test_what_returns_at_a_loss_stays_off(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS, MINE)
        paywall.follow(A, B)
        assert paywall.follow(B) == (1, [])
        assert paywall.follow(replace(A, price=ListPrice(10 * NANOS, NANOS)), B) == (0, [])
        assert set(paywall.offers.priced) == {"b/b"} and paywall.reason() == RetiredBecause.VANISHED


def test_what_the_operator_pays_for_returns_only_at_a_cost_that_is_known(database: str) -> None:
    """Free of charge is no loss to the developer, whatever it costs the operator."""
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS, NewPrice("a/a", 0, 0))
        edition = versions.open_edition(session, paywall.id, None)
        price_book.retire(edition, "a/a", RetiredBecause.VANISHED)
        versions.publish(edition)
        assert paywall.follow(replace(A, price=None)) == (0, []) and not paywall.offers.priced
        assert paywall.follow(replace(A, price=B.price)) == (1, []) and "a/a" in paywall.offers.priced


def test_a_developers_price_stands_on_what_is_asked_now_and_is_never_replaced(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS, MINE)
        assert paywall.follow(A) == (1, [])
        price = paywall.offers.priced["a/a"].price
        assert (price.input_nanos, price.output_nanos, price.tiers) == (10 * NANOS, 20 * NANOS, ())
        assert price.cost == ASKED.to_price("a/a", Unit.USDC)
        assert paywall.follow(A) == (0, [])
        assert paywall.offers.overridden == {"a/a"}


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (ListPrice(10 * NANOS, NANOS), "`input_nanos`"),
        (ListPrice(NANOS, 19_900_000_000), "`output_nanos`"),
        (ListPrice(NANOS, NANOS, request_nanos=1), "`request_nanos`"),
        (ListPrice(NANOS, NANOS, image_nanos=1), "`image_nanos`"),
        (ListPrice(NANOS, NANOS, reasoning_nanos=20 * NANOS), "`reasoning_nanos`"),
        (ListPrice(NANOS, NANOS, tiers=(Tier(9, NANOS, NANOS, 30 * NANOS),)), "for prompts of 9 tokens"),
    ],
)
def test_a_cost_that_rises_above_the_price_switches_the_model_off(database: str, asked: ListPrice, names: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS, MINE)
        paywall.follow(A)
        changed, off = paywall.follow(replace(A, price=asked))
        assert changed == 1 and [(one.paywall_id, one.app_name, one.model) for one in off] == [
            (paywall.id, "Lexica", "a/a")
        ]
        assert names in off[0].reason and paywall.reason() == RetiredBecause.COST
        # It is told once, and does not come back by itself: that is the developer's to decide.
        assert paywall.follow(replace(A, price=asked)) == (0, []) == paywall.follow(A)
        assert not paywall.offers.priced


def test_up_to_the_fee_a_cost_leaves_the_model_on(database: str) -> None:
    with db.transaction() as session:
        settings.configure(data=settings.get().data, database_url=database, fee_basis_points=100)
        paywall = Paywall(session, OPERATORS, MINE)
        assert paywall.follow(replace(A, price=ListPrice(9_900_000_000, 19_800_000_000))) == (1, [])
        assert paywall.follow(replace(A, price=ListPrice(9_900_000_001, 19_800_000_000)))[1]


def test_with_a_key_of_their_own_prices_follow_and_no_model_comes_by_itself(database: str) -> None:
    listed = replace(MINE, source=PriceSource.CATALOGUE)
    with db.transaction() as session:
        by_list, elsewhere = Paywall(session, OWN, listed), Paywall(session, ELSEWHERE, listed)
        for paywall in (by_list, elsewhere):
            assert paywall.follow(A, B) == (1, [])
            assert set(paywall.offers.priced) == {"a/a"}
            assert paywall.offers.priced["a/a"].price.input_nanos == NANOS
        assert (by_list.follow(B), elsewhere.follow(B)) == ((1, []), (0, []))
        assert by_list.reason() == RetiredBecause.VANISHED and "a/a" in elsewhere.offers.priced
        assert elsewhere.follow(replace(A, price=None)) == (0, []) and "a/a" in elsewhere.offers.priced


def test_an_own_price_with_an_own_key_is_nobodys_business(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OWN, MINE, mode=Mode.DEFAULT)
        assert paywall.follow(replace(A, price=ListPrice(900 * NANOS, 900 * NANOS))) == (0, [])
        assert paywall.follow(B) == (1, []) and paywall.reason() == RetiredBecause.VANISHED
        assert paywall.follow(A, B) == (1, []) and paywall.offers.priced["a/a"].price.cost is None


def test_a_model_that_could_not_be_understood_stays_as_it_was(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, OPERATORS)
        paywall.follow(A, B)
        assert paywall.follow(B, unreadable=["a/a"]) == (0, []) and "a/a" in paywall.offers.priced


def test_a_list_without_a_price_takes_nothing_from_whom_another_provider_serves(database: str) -> None:
    with db.transaction() as session:
        paywall = Paywall(session, ELSEWHERE, replace(MINE, source=PriceSource.CATALOGUE))
        assert paywall.follow(replace(A, price=None)) == (0, [])
        assert "a/a" in paywall.offers.priced


@pytest.mark.unhurried
def test_with_two_providers_each_model_follows_by_its_own(database: str) -> None:
    listed = replace(MINE, source=PriceSource.CATALOGUE)
    with db.transaction() as session:
        paywall = Paywall(
            session, (ELSEWHERE, OPERATORS), listed, replace(MINE, model="cheap", upstream_model="a/a"),
            replace(MINE, model="paid", provider=BUILT_IN, upstream_model="a/a"),
            replace(listed, model="b/b", provider=BUILT_IN),
        )  # fmt: skip
        new = replace(A, model="c/c")
        assert paywall.follow(A, B, new) == (4, [])
        offers = paywall.offers.priced
        assert {model: (offer.provider, offer.upstream_model) for model, offer in offers.items()} == {
            "a/a": (None, None), "cheap": (None, "a/a"), "paid": (BUILT_IN, "a/a"), "b/b": (BUILT_IN, None),
            "c/c": (BUILT_IN, None),
        }  # fmt: skip
        assert offers["cheap"].price.cost is None and offers["paid"].price.cost == ASKED.to_price("paid", Unit.USDC)
        # What is asked now is more than `paid` brings; with an own key that is nobody's business.
        changed, off = paywall.follow(replace(A, price=ListPrice(11 * NANOS, NANOS)), B, new)
        assert (changed, [one.model for one in off]) == (2, ["paid"]) and paywall.reason("paid") is RetiredBecause.COST
        # Off the list are only those that its provider serves, by the name that they have there.
        assert paywall.follow(A)[1] == [] and set(paywall.offers.priced) == {"a/a", "cheap"}
        assert paywall.reason("b/b") is paywall.reason("c/c") is RetiredBecause.VANISHED
        assert paywall.follow(A, B, new)[1] == [] and paywall.offers.priced["b/b"].provider == BUILT_IN
