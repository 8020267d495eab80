"""Models are listed with their prices, and a model that drifts says by how much and what to do."""

import pytest

from app import db
from app.domain.catalogue.catalogue import ListedModel, ModelList, write_list
from app.domain.money import NANOS
from app.domain.pricing.list_price import ListPrice
from app.domain.usage.drift import Drift, write_drift
from app.web.operator.catalogue.rows import read_catalogue_page

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")


def test_models_are_found_by_a_part_of_their_name_and_drift_is_said() -> None:
    models = (ListedModel("a/one", "One", "", 1, ListPrice(NANOS, 2 * NANOS)), ListedModel("b/two", "Two", "", 1, None))
    with db.transaction() as session:
        write_list(session, ModelList(models))
        write_drift(session, [Drift("2026-11-29", "p", "a/one", 1, 90, 100), Drift("2026-11-29", "p", "c", 2, 1, 1)])
    with db.transaction(writes=False) as session:
        page, found = read_catalogue_page(session, ""), read_catalogue_page(session, "ONE")
    assert page.lead == "2 models: 1 without a price, 0 gone."
    assert [row.detail for row in page.models] == [
        "One · $1 in and $2 out per million tokens", "It has no price by the token, and no paywall follows it.",
    ]  # fmt: skip
    assert [row.id for row in found.models] == ["a/one"]
    worst, well = page.drifts
    assert worst.title == "a/one at p" and "-10.00 %" in worst.detail and worst.mend
    assert (well.tone, well.mend) == ("ok", "")
