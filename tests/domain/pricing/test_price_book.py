"""Prices have versions, and no price is never a price of zero."""

from dataclasses import replace

import pytest

from app import db
from app.domain.errors import BadField
from app.domain.money import AMOUNT_UNITS_MAX, NANOS, Unit
from app.domain.paywalls.configuration import epoch_subject
from app.domain.pricing import price_book
from app.domain.pricing.price_book import NewPrice
from app.flows.snapshot import read_epochs
from tests.flows.books import make_paywall

PRICE = NewPrice("m", 2 * NANOS, 4 * NANOS)


def test_each_change_is_a_version_and_the_same_price_is_none(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        assert [price_book.set_price(session, paywall_id, price) for price in (PRICE, PRICE)] == [1, 1]
        assert price_book.set_price(session, paywall_id, replace(PRICE, output_nanos=5 * NANOS)) == 2
        offer = price_book.read_offers(session, paywall_id, Unit.USD).priced["m"]
        assert (offer.price.version, offer.price.output_nanos, offer.price.cached_input_nanos) == (
            2,
            5 * NANOS,
            2 * NANOS,
        )
        assert read_epochs(session, (epoch_subject(paywall_id),))[epoch_subject(paywall_id)] == 2


def test_a_model_that_was_taken_off_has_no_price_until_it_gets_one(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": PRICE})
        price_book.retire(session, paywall_id, "m")
        price_book.retire(session, paywall_id, "never-there")
        offers = price_book.read_offers(session, paywall_id, Unit.USD)
        assert (dict(offers.priced), offers.unpriced) == ({}, {"m"})
        assert price_book.set_price(session, paywall_id, PRICE) == 2
        assert "m" in price_book.read_offers(session, paywall_id, Unit.USD).priced


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", ""),
        ("input_nanos", -1),
        ("output_nanos", AMOUNT_UNITS_MAX * NANOS + 1),
        ("cached_input_nanos", -1),
        ("request_nanos", -1),
        ("minimum_nanos", -1),
        ("markup_basis_points", -1),
        ("markup_basis_points", 1_000_001),
    ],
)
def test_a_price_that_cannot_be_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(BadField) as refused:
        price_book.check(replace(PRICE, **{field: value}))  # type: ignore[arg-type]
    assert refused.value.field == field
