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
from app.flows.pricing.kept import KeptBooks
from app.flows.pricing.sheet import Query, matching
from app.web.developer.prices.rows import read_page
from tests.support.plans import watched
from tests.support.priced import RULES, counted_calls, desk_of, paywall_of

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")

FEW, MANY = 60, 260
"""Both more than a page of the sheet shows."""
OPENED_MAX, SHOWN_MAX, SEARCHED_MAX, PUBLISHED_MAX = 105, 108, 18, 113
"""Calls a model: 93, 96, 15 and 100 when this was written; a preview made 217 while each click read all prices anew."""
Work = Callable[[PriceDesk, Raised], None]


def what_a_model_costs(work: Work, before: Work | None = None) -> tuple[float, int]:
    """Returns how many calls of functions one more model costs, and how many statements all of many cost more than few.

    The work is asked of a paywall's desk, as a page has it, with a draft that raises all its prices; `before` is what
    the page showed before, and not counted.
    """
    found = []
    for models in (FEW, MANY):
        paywall_id, kept = paywall_of(models), KeptBooks()
        with db.transaction() as session:
            desk = desk_of(session, paywall_id)
            draft = Raised(matching(desk, plan(desk, ()), Query()), 2_000)
            if before is not None:
                before(kept.desk(session, paywall_id, RULES), draft)
            with watched(session) as said, counted_calls() as calls:
                work(kept.desk(session, paywall_id, RULES), draft)
            found.append((calls[0], len(said)))
    (few, first), (many, second) = found
    return (many - few) / (MANY - FEW), second - first


def show(desk: PriceDesk, draft: Raised) -> None:
    page, _ = read_page(desk, (draft,), Query())
    assert page.draft.count == len(draft.models) == page.matches and len(page.rows) == 50


def open_page(desk: PriceDesk, _draft: Raised) -> None:
    page, _ = read_page(desk, (), Query())
    assert page.draft.count == 0 and len(page.rows) == 50


def search(desk: PriceDesk, _draft: Raised) -> None:
    page, _ = read_page(desk, (), Query("maker model-00"))
    assert page.matches == min(len(desk.latest), 100)


def test_a_page_reads_each_price_once() -> None:
    calls, statements = what_a_model_costs(open_page)
    assert calls <= OPENED_MAX and statements == 0, f"{calls:.0f} calls a model, {statements} statements"


def test_a_preview_makes_each_price_once() -> None:
    calls, statements = what_a_model_costs(show, before=open_page)
    assert calls <= SHOWN_MAX and statements == 0, f"{calls:.0f} calls a model, {statements} statements"


@pytest.mark.parametrize(("work", "before"), [(show, show), (search, open_page)])
def test_the_next_click_and_the_next_letter_make_nothing_again(work: Work, before: Work) -> None:
    calls, statements = what_a_model_costs(work, before)
    assert calls <= SEARCHED_MAX and statements == 0, f"{calls:.0f} calls a model, {statements} statements"


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
