"""A change of all prices at once costs little a model: counted in calls and statements, since no machine is as another.

`tests/bench/prices.py` says how long it takes.
"""

from collections.abc import Callable

import pytest

from app import db
from app.domain.paywalls.versions import open_edition
from app.flows.events.tell import publish_and_tell
from app.flows.paywalls.prices import PriceDesk, prices
from app.flows.pricing.drafts import Raised, plan
from app.flows.pricing.sheet import Query, matching
from app.web.developer.prices.rows import read_page
from tests.support.plans import watched
from tests.support.priced import RULES, counted_calls, desk_of, paywall_of

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")

FEW, MANY = 60, 260
"""Both more than a page of the sheet shows."""
SHOWN_MAX, SHOWN_AGAIN_MAX, PUBLISHED_MAX = 250, 25, 180
"""Calls a model: 217, 16 and 153 when this was written; 460, 463 and 648 when each price was made five times."""
Work = Callable[[PriceDesk, Raised], None]


def what_a_model_costs(work: Work, before: Work | None = None) -> tuple[float, int]:
    """Returns how many calls of functions one more model costs, and how many statements all of many cost more than few.

    The work is asked of a paywall's desk with a draft that raises all its prices; `before` is not counted.
    """
    found = []
    for models in (FEW, MANY):
        paywall_id = paywall_of(models)
        with db.transaction() as session:
            desk = desk_of(session, paywall_id)
            draft = Raised(matching(desk, plan(desk, ()), Query()), 2_000)
            if before is not None:
                before(desk, draft)
            fresh = desk_of(session, paywall_id)
            with watched(session) as said, counted_calls() as calls:
                work(fresh, draft)
            found.append((calls[0], len(said)))
    (few, first), (many, second) = found
    return (many - few) / (MANY - FEW), second - first


def show(desk: PriceDesk, draft: Raised) -> None:
    page, _ = read_page(desk, (draft,), Query())
    assert page.draft.count == len(draft.models) == page.matches and len(page.rows) == 50


def test_a_preview_makes_each_price_once() -> None:
    calls, statements = what_a_model_costs(show)
    assert calls <= SHOWN_MAX and statements == 0, f"{calls:.0f} calls a model, {statements} statements"


def test_the_next_click_plans_nothing_again() -> None:
    calls, statements = what_a_model_costs(show, before=show)
    assert calls <= SHOWN_AGAIN_MAX and statements == 0, f"{calls:.0f} calls a model, {statements} statements"


def test_publishing_writes_all_rows_at_once() -> None:
    def publish(desk: PriceDesk, draft: Raised) -> None:
        edition = open_edition(desk.session, desk.paywall.id, None)
        part = prices(RULES)
        part.edit(edition, planned[draft])
        assert publish_and_tell(edition, part.section) == 2 and len(edition.priced) == len(draft.models)

    planned = {}

    def look(desk: PriceDesk, draft: Raised) -> None:
        planned[draft] = plan(desk, (draft,)).prices

    calls, statements = what_a_model_costs(publish, before=look)
    assert calls <= PUBLISHED_MAX and statements == 0, f"{calls:.0f} calls a model, {statements} statements"
