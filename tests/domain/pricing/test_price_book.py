"""Prices have versions, and no price is never a price of zero."""

from dataclasses import fields, replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain.errors import BadField
from app.domain.money import AMOUNT_UNITS_MAX, NANOS, Unit
from app.domain.paywalls.configuration import epoch_subject
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import Tier
from app.domain.pricing.tables import ModelPrice, PriceSource, RetiredBecause
from app.flows.callers.snapshot import read_epochs
from tests.support import books
from tests.support.books import make_paywall

PRICE = NewPrice("m", 2 * NANOS, 4 * NANOS)
TIERS = (Tier(100, 1, 2, 3), Tier(200, 4, 5, 6, 7, 8, 9, 10, 11, 12))
OTHER = NewPrice(
    "m", 1, 2, 3, 4, 5, 6, "M", "Small.", 7, 8, 9, 10, 11, 12, 13, 14, PriceSource.CATALOGUE, 15, 16, TIERS,
    ListPrice(17, 18, tiers=TIERS[:1]), "second", "small",
)  # fmt: skip
BOTH = (ProviderSetting("demo"), ProviderSetting("second", "https://x.example/v1"))


def epoch(session: Session, paywall_id: str) -> int:
    """How often the paywall's processes were told to decide anew."""
    subject = epoch_subject(paywall_id)
    return read_epochs(session, (subject,)).get(subject, 0)


def test_each_change_is_a_version_and_the_same_price_is_none(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        assert [books.set_price(session, paywall_id, price) for price in (PRICE, PRICE)] == [1, 1]
        assert books.set_price(session, paywall_id, replace(PRICE, output_nanos=5 * NANOS)) == 2
        offer = price_book.read_offers(session, paywall_id, Unit.USD).priced["m"]
        assert (offer.price.version, offer.price.output_nanos, offer.price.cached_input_nanos) == (
            2,
            5 * NANOS,
            2 * NANOS,
        )
        assert epoch(session, paywall_id) == 1 + 2


def test_a_model_that_was_taken_off_has_no_price_until_it_gets_one(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE}, BOTH)
        books.retire(session, paywall_id, "m")
        books.retire(session, paywall_id, "never-there")
        offers = price_book.read_offers(session, paywall_id, Unit.USD)
        assert (dict(offers.priced), offers.unpriced) == ({}, {"m"})
        assert books.set_price(session, paywall_id, PRICE) == 2
        assert "m" in price_book.read_offers(session, paywall_id, Unit.USD).priced


@pytest.mark.unhurried
def test_a_change_of_anything_is_a_version_of_its_own(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE}, BOTH)
        changed = [field.name for field in fields(NewPrice) if field.name != "model"]
        for version, name in enumerate(changed, start=2):
            now = replace(PRICE, **{name: getattr(OTHER, name)})
            assert [books.set_price(session, paywall_id, now) for _ in range(2)] == [version, version], name
        assert epoch(session, paywall_id) == 1 + len(changed)


def test_a_version_is_never_changed_by_the_next(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE}, BOTH)
        before = price_book.read_offers(session, paywall_id, Unit.USD).priced["m"]
        books.set_price(session, paywall_id, OTHER)
        session.expire_all()
        old = session.get(ModelPrice, before.price.id)
        assert old is not None and price_book.to_offer(old, Unit.USD) == before
        newest = price_book.current(session, paywall_id, "m")
        assert newest is not None and price_book.to_new_price(newest) == OTHER
        assert len(session.scalars(select(ModelPrice)).all()) == 2


def test_everything_that_is_set_is_offered(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": OTHER, "n": replace(PRICE, model="n")}, BOTH)
        offers = price_book.read_offers(session, paywall_id, Unit.CREDIT).priced
        assert list(offers) == ["m", "n"]
        price, offer = offers["m"].price, offers["m"]
    assert (price.input_nanos, price.output_nanos, price.cached_input_nanos) == (1, 2, 3)
    assert (price.request_nanos, price.minimum_nanos, price.markup_basis_points, price.unit) == (4, 5, 6, "CREDIT")
    assert (price.image_output_nanos, price.image_nanos, price.tiers) == (15, 16, TIERS)
    assert price.cost == ListPrice(17, 18, tiers=TIERS[:1]).to_price("m", Unit.CREDIT)
    assert (offer.display_name, offer.description, offers["n"].display_name) == ("M", "Small.", "n")
    assert (offer.context_tokens_max, offer.output_tokens_max, offer.part_tokens_max) == (7, 8, 9)


def test_a_price_of_another_paywall_is_not_offered(database: str) -> None:
    with db.transaction() as session:
        make_paywall(session, {"m": PRICE}, BOTH)
        mine = make_paywall(session, {}, BOTH)
        offers = price_book.read_offers(session, mine, Unit.USD)
        assert (dict(offers.priced), offers.unpriced) == ({}, frozenset())
        assert books.set_price(session, mine, OTHER) == 1  # and not the next of theirs


def test_taking_a_model_off_is_told_to_every_process_once(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE}, BOTH)
        for _ in range(2):
            books.retire(session, paywall_id, "m")
        books.retire(session, paywall_id, "never-there")
        assert epoch(session, paywall_id) == 2


def test_many_prices_are_told_to_every_process_once_and_only_if_one_changed(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE}, BOTH)
        others = [PRICE, replace(PRICE, model="n"), replace(PRICE, model="o")]
        assert [books.set_prices(session, paywall_id, others) for _ in range(2)] == [["n", "o"], []]
        assert set(price_book.read_offers(session, paywall_id, Unit.USD).priced) == {"m", "n", "o"}
        assert epoch(session, paywall_id) == 2


def test_why_a_model_is_off_is_kept_until_it_is_on_again(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE}, BOTH)
        assert [books.retire(session, paywall_id, "m", RetiredBecause.COST) for _ in range(2)] == [True, False]
        books.note_unpriced(session, paywall_id, "n")
        reasons = {model: row.retired_because for model, row in price_book.read_latest(session, paywall_id).items()}
        assert reasons == {"m": RetiredBecause.COST, "n": RetiredBecause.UNPRICED}
        books.set_price(session, paywall_id, PRICE)
        newest = price_book.current(session, paywall_id, "m")
        assert newest is not None and newest.retired_because is None
    with db.transaction(writes=False) as session:  # another session, which reads what is stored
        off = price_book.current(session, paywall_id, "n")
        assert off is not None and off.retired_because is RetiredBecause.UNPRICED
        assert off.source is PriceSource.CATALOGUE


def test_a_refused_price_leaves_no_version(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        with pytest.raises(BadField):
            books.set_price(session, paywall_id, replace(PRICE, input_nanos=-1))
        assert not price_book.read_offers(session, paywall_id, Unit.USD).priced
        assert epoch(session, paywall_id) == 1


def test_a_price_of_nothing_and_the_largest_price_can_be() -> None:
    most = AMOUNT_UNITS_MAX * NANOS
    price_book.check(NewPrice("m", 0, 0))
    price_book.check(NewPrice("m" * 200, most, most, most, most, most, 1_000_000))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", ""),
        ("model", "m" * 201),
        ("input_nanos", -1),
        ("output_nanos", AMOUNT_UNITS_MAX * NANOS + 1),
        ("cached_input_nanos", -1),
        ("request_nanos", -1),
        ("minimum_nanos", -1),
        ("markup_basis_points", -1),
        ("markup_basis_points", 1_000_001),
        ("image_nanos", -1),
        ("tiers", (TIERS[1], TIERS[0])),
        ("tiers", (TIERS[0], TIERS[0])),
        ("tiers", (Tier(0, 1, 1, 1),)),
        ("tiers", (Tier(5, 1, 1, -1),)),
        ("tiers", (Tier(5, 1, 1, 1, image_output_nanos=AMOUNT_UNITS_MAX * NANOS + 1),)),
        ("tiers", tuple(Tier(start, 1, 1, 1) for start in range(1, 22))),
    ],
)
def test_a_price_that_cannot_be_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(BadField) as refused:
        price_book.check(replace(PRICE, **{field: value}))  # type: ignore[arg-type]
    assert refused.value.field == field


def test_cached_input_may_be_free(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": replace(PRICE, cached_input_nanos=0)})
        assert price_book.read_offers(session, paywall_id, Unit.USD).priced["m"].price.cached_input_nanos == 0
