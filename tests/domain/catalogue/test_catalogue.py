"""What a list says becomes versions and marks, and nothing is lost."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain.catalogue import catalogue
from app.domain.catalogue.catalogue import Changes, ListedModel, ListTooShort, ModelList, write_list
from app.domain.catalogue.tables import CatalogueModel, CataloguePrice
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.quote import Tier

ONE = ListedModel(
    "a/one", "One", "First.", 5, ListPrice(1, 2, tiers=(Tier(9, 3, 3, 4),)), 100, 10, 7, ("text",), ("n",)
)
TWO = ListedModel("a/two", "Two", "", 0, None)
THREE = replace(ONE, model="b/three", price=ListPrice(0, 0))


def write(session: Session, *models: ListedModel, unreadable: str = "") -> Changes:
    return write_list(session, ModelList(models, frozenset({unreadable} if unreadable else ())))


def versions(session: Session, model: str) -> list[tuple[int, object]]:
    rows = session.scalars(select(CataloguePrice).where(CataloguePrice.model == model))  # type: ignore[arg-type]
    return sorted((row.version, row.price and row.price["input_nanos"]) for row in rows)


@pytest.mark.unhurried
def test_what_was_listed_is_read_back_and_the_same_list_changes_nothing(database: str) -> None:
    with db.transaction() as session:
        assert catalogue.read_listed(session) == {}
        assert write(session, ONE, TWO, THREE) == Changes(new=("a/one", "a/two", "b/three"))
        assert write(session, THREE, TWO, ONE) == Changes() and Changes().count == 0
        assert catalogue.read_listed(session) == {model.model: model for model in (ONE, TWO, THREE)}
        assert catalogue.read_listed(session).get("a/two") == TWO and catalogue.read_listed(session).get("c") is None


def test_each_price_is_a_version_that_no_later_one_changes(database: str) -> None:
    dearer, tiered = ListPrice(8, 9), ListPrice(8, 9, tiers=(Tier(1, 1, 1, 1),))
    with db.transaction() as session:
        write(session, ONE, TWO)
        for price in (dearer, tiered, None, ONE.price):
            assert write(session, replace(ONE, price=price), TWO).priced == ("a/one",)
            assert catalogue.read_listed(session)["a/one"].price == price
        assert versions(session, "a/one") == [(1, 1), (2, 8), (3, 8), (4, None), (5, 1)]
        assert versions(session, "a/two") == [(1, None)]


def test_a_new_description_is_no_new_price(database: str) -> None:
    renamed = replace(ONE, display_name="One!", context_tokens_max=200, part_tokens_max=None)
    with db.transaction() as session:
        write(session, ONE)
        assert write(session, renamed) == Changes()
        assert catalogue.read_listed(session).get("a/one") == renamed and len(versions(session, "a/one")) == 1


def test_what_is_listed_no_more_is_marked_with_when_and_may_return(database: str) -> None:
    with db.transaction() as session:
        write(session, ONE, TWO)
        assert write(session, TWO) == Changes(vanished=("a/one",))
        assert write(session, TWO) == Changes()
        gone = session.get(CatalogueModel, "a/one")
        assert gone is not None and gone.vanished_at is not None and gone.vanished_at >= gone.first_seen_at
        assert set(catalogue.read_listed(session)) == {"a/two"} and catalogue.read_vanished(session) == {"a/one"}
        assert write(session, ONE, TWO) == Changes(returned=("a/one",))
        assert len(versions(session, "a/one")) == 1 and catalogue.read_vanished(session) == frozenset()


def test_what_could_not_be_understood_stays_as_it_was(database: str) -> None:
    with db.transaction() as session:
        write(session, ONE, TWO)
        assert write(session, TWO, unreadable="a/one") == Changes()
        assert catalogue.read_listed(session).get("a/one") == ONE


def test_a_list_that_lacks_most_of_what_is_known_is_not_believed(database: str) -> None:
    many = [replace(ONE, model=f"a/{number}") for number in range(catalogue.KNOWN_MIN)]
    with db.transaction() as session:
        write(session, *many)
        with pytest.raises(ListTooShort, match="lacks 11 of 20"):
            write(session, *many[:9])
        assert len(catalogue.read_listed(session)) == 20
        assert len(write(session, *many[:10]).vanished) == 10
        assert len(write(session, *many[:1]).vanished) == 9  # a short list of few models is one
