"""Whether anything is offered is known without reading what."""

from app import db
from app.domain.pricing.offered import has_offers
from app.domain.pricing.price_book import NewPrice
from tests.support import books
from tests.support.books import make_paywall


def test_whether_anything_is_offered_is_known_without_reading_it_all(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {"m": NewPrice("m", 1, 2)})
        assert not has_offers(session, paywall_id) and has_offers(session, other)
        books.retire(session, other, "m")
        assert not has_offers(session, other)
