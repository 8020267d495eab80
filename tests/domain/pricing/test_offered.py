"""What is offered first is known without reading all that is offered."""

import pytest

from app import db
from app.domain.pricing.offered import first_offer
from app.domain.pricing.price_book import NewPrice
from tests.support import books
from tests.support.books import make_paywall


@pytest.mark.parametrize("kept", ["first", "none"])
def test_the_first_model_by_name_is_known_without_reading_them_all(database: str, kept: str) -> None:
    with db.transaction() as session:
        nothing = make_paywall(session, {})
        some = make_paywall(session, {name: NewPrice(name, 1, 2) for name in ("n", "m", "o")})
        assert (first_offer(session, nothing), first_offer(session, some)) == (None, "m")
        for model in ("m",) if kept == "first" else ("m", "n", "o"):
            books.retire(session, some, model)
        assert first_offer(session, some) == ("n" if kept == "first" else None)
