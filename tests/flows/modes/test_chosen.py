"""What is chosen where the model is left to us: never what cannot take the request, or is not open to who asks."""

import pytest

from app.domain.errors import UnknownModel
from app.domain.money import NANOS
from app.domain.pricing.price_book import NewPrice
from app.domain.routing.auto import Goal
from app.domain.routing.breaker import Failure
from app.domain.routing.wanted import Routing
from app.flows.callers.user import Standing
from app.flows.chat.decide import Basis
from app.flows.modes.chosen import choose_model, prompt_tokens_about
from app.flows.providers.breakers import Breakers, name_of
from tests.support.books import make_snapshot
from tests.support.scripted import request

pytestmark = pytest.mark.plain_sql
PRICES = {
    "free": NewPrice("free", 0, 0), "cheap": NewPrice("cheap", NANOS, NANOS, context_tokens_max=2_000),
    "dear": NewPrice("dear", 9 * NANOS, 9 * NANOS, part_tokens_max=1_000),
}  # fmt: skip
PAYING, NOT_YET = Standing(), Standing(may_use_priced=False)


async def test_what_is_chosen_is_open_to_who_asks_and_can_take_it(database: str) -> None:
    snapshot, breakers = make_snapshot(PRICES), Breakers()
    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]}]
    for standing, goal, asked, model in (
        (PAYING, Goal.BALANCED, request("Hi"), "cheap"),
        (PAYING, Goal.COST, request("Hi"), "free"),
        (NOT_YET, Goal.BALANCED, request("Prove it."), "free"),
        (PAYING, Goal.COST, request("", messages=picture), "dear"),
        (PAYING, Goal.BALANCED, request("x" * 9_000), "dear"),
    ):
        assert choose_model(breakers, Basis(snapshot, standing), asked, Routing(goal=goal)).model == model
    with pytest.raises(UnknownModel):
        choose_model(breakers, Basis(snapshot, NOT_YET), request("", messages=picture), Routing())


async def test_a_model_that_is_left_alone_is_not_chosen_while_there_are_others(database: str) -> None:
    snapshot, breakers = make_snapshot(PRICES), Breakers()
    provider = snapshot.configuration.providers[0]
    for model in ("cheap", "dear"):
        name = name_of(snapshot.paywall_id, provider, model)
        permit = breakers.admit(name)
        assert permit is not None
        breakers.failed(name, permit, Failure("status_429", 60), is_first=True)
        chosen = choose_model(breakers, Basis(snapshot, PAYING), request("Hi"), Routing()).model
        assert chosen == ("dear" if model == "cheap" else "cheap")
    assert prompt_tokens_about(request("Hi")) > 1
