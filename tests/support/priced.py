"""A paywall with as many models as a provider's whole list has, and what it takes to change them all."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from app import db
from app.domain.catalogue.catalogue import ListedModel, ModelList, write_list
from app.domain.money import NANOS
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.tables import PriceSource
from app.flows.paywalls.prices import PriceBook, PriceDesk, PriceRules
from app.ports.prices import CataloguePrice
from tests.support.books import make_paywall

FEE, MARKUP = 100, 1_000


class NoCatalogue:
    """Knows no price beside the list."""

    def find(self, model: str) -> CataloguePrice | None:
        return None


RULES = PriceRules(NoCatalogue(), FEE)


def paywall_of(models: int) -> str:
    """Returns a shared paywall on the operator's provider, which sells so many models of the list with a markup."""
    names = [f"maker-{number % 7}/model-{number:04}" for number in range(models)]
    prices = [ListPrice(NANOS + place, 4 * NANOS + place, NANOS // 2) for place in range(models)]
    with db.transaction() as session:
        listed = (ListedModel(name, name.upper(), "", 0, price) for name, price in zip(names, prices, strict=True))
        write_list(session, ModelList(tuple(listed)))
        sold = {
            name: NewPrice(name, price.input_nanos, price.output_nanos, price.cached_input_nanos,
                           source=PriceSource.CATALOGUE, markup_basis_points=MARKUP)
            for name, price in zip(names, prices, strict=True)
        }  # fmt: skip
        return make_paywall(session, sold, ProviderSetting(BUILT_IN), Mode.SHARED, MARKUP)


def desk_of(session: db.Session, paywall_id: str) -> PriceDesk:
    """Returns the desk of a paywall as a page reads it."""
    paywall, current = read_current(session, paywall_id)
    return PriceDesk(session, paywall, current, RULES, PriceBook(price_book.read_latest(session, paywall_id)))


@contextmanager
def counted_calls() -> Iterator[list[int]]:
    """Counts calls of Python functions, whosever they are; the one number is there when it ends."""
    calls, before = [0], sys.getprofile()

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            calls[0] += 1

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)
