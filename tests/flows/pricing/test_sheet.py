"""The sheet finds models by their words, shows fifty a page, and says what is not priced, below cost, changed."""

import pytest

from app import db
from app.domain.catalogue.catalogue import ListedModel, ModelList, write_list
from app.domain.money import NANOS
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.tables import PriceSource, RetiredBecause
from app.flows.paywalls.prices import PriceBook, PriceDesk, PriceRules
from app.flows.pricing.drafts import Own, Raised, Step, TakenOff, plan
from app.flows.pricing.sheet import (
    LINES_A_PAGE,
    Line,
    Query,
    Sheet,
    Show,
    first_offered,
    matching,
    read_line,
    read_sheet,
)
from app.ports.prices import CataloguePrice
from tests.support import books
from tests.support.books import make_paywall

pytestmark = pytest.mark.plain_sql

OWN_KEY, OTHER = ProviderSetting("own", "https://x.example/v1"), ProviderSetting("other", "https://y.example/v1")
MODELS = 912


class Nothing:
    def find(self, model: str) -> CataloguePrice | None:
        return None


def make(*prices: NewPrice, mode: Mode = Mode.DEFAULT) -> str:
    with db.transaction() as session:
        return make_paywall(session, {price.model: price for price in prices}, (OWN_KEY, OTHER), mode)


def look(paywall_id: str, query: Query, *steps: Step) -> tuple[Sheet, tuple[str, ...]]:
    with db.transaction(writes=False) as session:
        desk = read(session, paywall_id)
        planned = plan(desk, steps)
        return read_sheet(desk, planned, query), matching(desk, planned, query)


def read(session: db.Session, paywall_id: str) -> PriceDesk:
    paywall, configuration = read_current(session, paywall_id)
    return PriceDesk(session, paywall, configuration, PriceRules(Nothing(), 100),
                     PriceBook(price_book.read_latest(session, paywall_id)))  # fmt: skip


def line(paywall_id: str, model: str, *steps: Step) -> Line:
    with db.transaction(writes=False) as session:
        desk = read(session, paywall_id)
        found = read_line(desk, plan(desk, steps), model)
    assert found is not None
    return found


@pytest.mark.unhurried
async def test_a_search_over_912_models_shows_fifty_and_how_many_there_are(database: str) -> None:
    paywall_id = make(
        *(NewPrice(f"maker-{number % 7}/model-{number:03}", NANOS, NANOS, source=PriceSource.CATALOGUE,
                   display_name=f"Model {number}") for number in range(MODELS))
    )  # fmt: skip
    sheet, every = look(paywall_id, Query())
    assert (len(sheet.lines), sheet.matches, sheet.models, sheet.pages) == (LINES_A_PAGE, MODELS, MODELS, 19)
    assert len(every) == MODELS and sheet.lines[0].model == "maker-0/model-000"
    last, _ = look(paywall_id, Query(page=19))
    beyond, _ = look(paywall_id, Query(page=900))
    assert len(last.lines) == MODELS - 18 * LINES_A_PAGE and beyond.lines == last.lines
    found, chosen = look(paywall_id, Query("MAKER-3 model-1"))
    assert found.matches == len(chosen) == 15 and all("maker-3/model-1" in one.model for one in found.lines)
    assert look(paywall_id, Query("model 911"))[0].matches == 1
    assert look(paywall_id, Query("nothing of that"))[0] == Sheet((), 0, MODELS, dict.fromkeys(Show, 0))
    raised, _ = look(paywall_id, Query(show=Show.CHANGED), Raised(every, 2_000))
    assert raised.matches == MODELS and raised.lines[0].price is not None
    assert raised.lines[0].price.input_nanos == 1_200_000_000


@pytest.mark.unhurried
async def test_what_is_wrong_with_a_model_can_be_looked_for(database: str) -> None:
    listed = NewPrice("listed", NANOS, NANOS, source=PriceSource.CATALOGUE, markup_basis_points=1_000)
    poor = NewPrice("poor", NANOS, NANOS // 2, cost=ListPrice(NANOS, NANOS), provider="other")
    paywall_id = make(listed, poor, NewPrice("gone", 1, 1))
    with db.transaction() as session:
        books.note_unpriced(session, paywall_id, "strange")
        books.retire(session, paywall_id, "gone", RetiredBecause.VANISHED)
    for show, models in {
        Show.ALL: ["gone", "listed", "poor", "strange"],
        Show.OFFERED: ["listed", "poor"],
        Show.NOT_PRICED: ["strange"],
        Show.BELOW_COST: ["poor"],
        Show.OWN: ["poor"],
        Show.OFF: ["gone"],
        Show.CHANGED: [],
    }.items():
        sheet, every = look(paywall_id, Query(show=show))
        assert ([one.model for one in sheet.lines], list(every), sheet.counts[show]) == (models, models, len(models))
    found = line(paywall_id, "poor")
    assert found.below_cost == ("output", "reasoning", "audio_output", "image_output") and found.provider == "other"
    assert look(paywall_id, Query("other"))[1] == ("poor",)
    with db.transaction(writes=False) as session:
        desk = read(session, paywall_id)
        assert read_line(desk, plan(desk, ()), "never") is None
        first = first_offered(desk, plan(desk, (TakenOff(("listed",)),)))
        assert first is not None and first.model == "poor"
        assert first_offered(desk, plan(desk, (TakenOff(("listed", "poor")),))) is None


async def test_a_draft_shows_as_if_it_were_published(database: str) -> None:
    paywall_id = make(NewPrice("a", NANOS, NANOS, source=PriceSource.CATALOGUE))
    drafted = line(paywall_id, "a", Own(NewPrice("a", 2 * NANOS, 0, provider="other", upstream_model="a-2")))
    assert drafted.is_changed and (drafted.provider, drafted.upstream_model) == ("other", "a-2")
    assert drafted.source is PriceSource.DEVELOPER and drafted.below_cost[0] == "output"
    off = line(paywall_id, "a", TakenOff(("a",)))
    assert (off.price, off.off_because, off.is_changed) == (None, RetiredBecause.DEVELOPER, True)


async def test_what_a_provider_asks_is_the_list_where_nothing_else_says_it(database: str) -> None:
    paywall_id = make(NewPrice("a/a", NANOS, NANOS), NewPrice("b", NANOS, NANOS, markup_basis_points=5_000),
                      NewPrice("c", 1, 1))  # fmt: skip
    with db.transaction() as session:
        write_list(session, ModelList((ListedModel("a/a", "A", "", 0, ListPrice(7, 7)),)))
    asked = [line(paywall_id, model).asked for model in ("a/a", "b", "c")]
    assert [None if one is None else one.input_nanos for one in asked] == [7, NANOS, None]
