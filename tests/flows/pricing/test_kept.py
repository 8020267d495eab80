"""A draft of all prices is planned once for however many clicks, and anew once it differs."""

import pytest

from app import db
from app.domain.catalogue.catalogue import ListedModel, ModelList, read_listed, write_list
from app.domain.money import NANOS
from app.domain.pricing.list_price import ListPrice
from app.flows.paywalls.change import change
from app.flows.paywalls.prices import PriceBook, prices
from app.flows.pricing.drafts import Marked, Planned, Raised, Step, plan
from app.flows.pricing.kept import BOOKS_MAX, PLANS_MAX, KeptBooks, KeptPlans
from app.flows.pricing.sheet import Query, matching, read_sheet
from tests.support.managing import owner_of
from tests.support.priced import RULES, desk_of, paywall_of

pytestmark = pytest.mark.plain_sql


def ask(kept: KeptPlans, paywall_id: str, *steps: Step) -> Planned:
    with db.transaction(writes=False) as session:
        return kept.plan(desk_of(session, paywall_id), steps)


def all_of(paywall_id: str) -> tuple[str, ...]:
    with db.transaction(writes=False) as session:
        desk = desk_of(session, paywall_id)
        return matching(desk, plan(desk, ()), Query())


async def test_a_draft_is_planned_again_once_something_of_it_differs(database: str) -> None:
    kept, paywall_id = KeptPlans(), paywall_of(3)
    steps = (Raised(all_of(paywall_id), 2_000),)
    first = ask(kept, paywall_id, *steps)
    assert len(first.differences) == 3 and ask(kept, paywall_id, *steps) is first
    assert ask(kept, paywall_id, Raised(steps[0].models, 2_001)) is not first
    with db.transaction() as session:
        asked = {model.model: model for model in read_listed(session).values()}
        asked["maker-0/model-0000"] = ListedModel("maker-0/model-0000", "", "", 0, ListPrice(2 * NANOS, 8 * NANOS))
        write_list(session, ModelList(tuple(asked.values())))
    dearer = ask(kept, paywall_id, *steps)
    assert dearer is not first and list(dearer.refused) == ["maker-0/model-0000"]
    await change(owner_of(paywall_id), prices(RULES), ask(kept, paywall_id, Marked(2_000)).prices, 1)
    assert ask(kept, paywall_id, *steps) is not dearer, "it is another version"


async def test_what_is_kept_is_what_would_be_planned_and_leaves_the_markup_with_the_desk(database: str) -> None:
    kept, paywall_id, steps = KeptPlans(), paywall_of(3), (Marked(2_500),)
    for _ in range(2):
        with db.transaction(writes=False) as session:
            desk, fresh = desk_of(session, paywall_id), desk_of(session, paywall_id)
            assert kept.plan(desk, steps) == plan(fresh, steps)
            assert desk.configuration.markup_basis_points == fresh.configuration.markup_basis_points == 2_500
            assert [line.price for line in read_sheet(desk, kept.plan(desk, steps), Query()).lines]


async def test_no_more_are_kept_than_so_many(database: str) -> None:
    kept, paywall_id = KeptPlans(), paywall_of(1)
    first = ask(kept, paywall_id, Marked(2_000))
    for points in range(2_001, 2_001 + PLANS_MAX):
        ask(kept, paywall_id, Marked(points))
    assert ask(kept, paywall_id, Marked(2_000)) is not first


def book(kept: KeptBooks, paywall_id: str) -> PriceBook:
    with db.transaction(writes=False) as session:
        return kept.desk(session, paywall_id, RULES).book


async def test_a_versions_prices_are_read_once_and_anew_once_one_of_them_or_the_list_differs(database: str) -> None:
    kept, paywall_id = KeptBooks(), paywall_of(2)
    first = book(kept, paywall_id)
    assert book(kept, paywall_id) is first and len(first.latest) == 2
    await change(owner_of(paywall_id), prices(RULES), ask(KeptPlans(), paywall_id, Marked(2_000)).prices, 1)
    second = book(kept, paywall_id)
    assert [row.markup_basis_points for row in second.latest.values()] == [2_000, 2_000]
    with db.transaction() as session:
        listed = {**read_listed(session), "new": ListedModel("new", "", "", 0, ListPrice(NANOS, NANOS))}
        write_list(session, ModelList(tuple(listed.values())))
    assert set(book(kept, paywall_id).listed or ()) == {*listed} and "new" not in (second.listed or ())
    others = [paywall_of(0) for _ in range(BOOKS_MAX)]
    assert [book(kept, other).latest for other in others] == [{}] * BOOKS_MAX
    assert book(kept, paywall_id) is not second


@pytest.mark.parametrize("steps", [(Raised(("maker-0/model-0000", "maker-1/model-0001"), 2_000),), (Marked(5_000),)])
async def test_a_kept_book_gives_what_a_fresh_one_does(database: str, steps: tuple[Step, ...]) -> None:
    kept, paywall_id = KeptBooks(), paywall_of(3)
    for _ in range(2):
        with db.transaction(writes=False) as session:
            desk, fresh = kept.desk(session, paywall_id, RULES), desk_of(session, paywall_id)
            assert plan(desk, steps) == plan(fresh, steps)
            assert read_sheet(desk, plan(desk, steps), Query()) == read_sheet(fresh, plan(fresh, steps), Query())
