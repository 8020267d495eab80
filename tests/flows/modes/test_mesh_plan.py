"""Plans: which legs a request may take, what is left out of them, and what refuses it before anything is held."""

from dataclasses import replace

import pytest

from app import db
from app.domain.catalogue.catalogue import ListedModel, ModelList, read_parameters, write_list
from app.domain.errors import BadField, UnknownModel
from app.domain.money import NANOS
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.routing.wanted import Routing
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.user import Standing
from app.flows.chat.decide import Basis
from app.flows.chat.thinking import ThinkingModels
from app.flows.modes.mesh_plan import Plan, Planner
from app.flows.providers.breakers import Breakers
from app.formats.openai_request import ChatRequest
from tests.support.books import make_snapshot
from tests.support.scripted import COUNTER, request

pytestmark = pytest.mark.plain_sql
WALLET = Standing()


async def plan(snapshot: Snapshot, asked: ChatRequest, *fallback: str) -> Plan:
    made = await Planner(ThinkingModels(), COUNTER, Breakers()).plan(Basis(snapshot, WALLET), asked, Routing(fallback))
    assert isinstance(made, Plan)
    return made


def prices(**more: dict[str, int]) -> dict[str, NewPrice]:
    return {model: NewPrice(model, NANOS, NANOS, **fields) for model, fields in more.items()}  # type: ignore[arg-type]


async def test_every_leg_has_its_own_price_and_is_kept_to_what_its_model_writes_at_most(database: str) -> None:
    snapshot = make_snapshot(prices(a={"output_tokens_max": 1_000}, b={"output_tokens_max": 50}))
    made = await plan(snapshot, request(model="a", max_tokens=400), "b")
    assert [(leg.leg.request.model, leg.leg.request.output_limit) for leg in made.legs] == [("a", 400), ("b", 50)]
    assert [(use.leg, use.model, use.status, use.reason) for use in made.uses] == [
        (0, "a", "skipped", "not_needed"), (1, "b", "skipped", "not_needed"),
    ]  # fmt: skip
    alone = await plan(snapshot, request(model="a"))
    assert (len(alone.legs), alone.uses) == (1, ()), "one model is one chat"


async def test_a_leg_that_cannot_see_or_read_all_of_it_is_left_out(database: str) -> None:
    small = {"context_tokens_max": 100, "output_tokens_max": 50, "part_tokens_max": 10}
    snapshot = make_snapshot(prices(blind={}, small=small, a={"part_tokens_max": 1_000}))
    picture = [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]
    asked = request(model="a", messages=[{"role": "user", "content": [*picture, {"type": "text", "text": "x " * 200}]}])
    made = await plan(snapshot, asked, "blind", "small")
    assert [leg.leg.request.model for leg in made.legs] == ["a"]
    assert [(one.model, one.reason) for one in made.left_out] == [("blind", "vision"), ("small", "context")]
    assert [use.reason for use in made.uses] == ["not_needed", "vision", "context"]
    with pytest.raises(BadField) as nobody:
        await plan(snapshot, asked.sent_as("blind"), "small")
    assert nobody.value.code == "no_model_fits" and "`blind` (vision), `small` (context)" in nobody.value.message


async def test_a_window_lowers_what_a_leg_may_write_by_what_the_prompt_really_is(database: str) -> None:
    snapshot = make_snapshot(prices(a={"context_tokens_max": 300, "output_tokens_max": 200}))
    (planned,) = (await plan(snapshot, request("coin " * 150, model="a", max_tokens=200))).legs
    assert 100 < planned.leg.bound.output_tokens < 150
    assert planned.leg.request.output_limit == planned.leg.bound.output_tokens


async def test_what_has_no_price_refuses_the_request_by_its_name(database: str) -> None:
    snapshot = make_snapshot(prices(a={}))
    with pytest.raises(UnknownModel) as unknown:
        await plan(snapshot, request(model="a"), "nothing")
    assert "`nothing`" in unknown.value.message


async def test_a_model_that_is_known_not_to_call_tools_or_keep_to_a_schema_is_left_out(database: str) -> None:
    listed = [
        ListedModel(name, name, "", 0, ListPrice(0, 0), parameters=words)
        for name, words in (("tools", ("tools", "response_format")), ("plain", ("stop",)), ("silent", ()))
    ]
    with db.transaction() as session:
        write_list(session, ModelList(tuple(listed)))
        known = read_parameters(session, ["tools", "plain", "silent", "nobody"])
    assert known == {"tools": {"tools", "response_format"}, "plain": {"stop"}}, "who says nothing may know it all"


async def test_what_is_left_to_us_goes_to_a_model_that_is_not_known_to_lack_what_it_needs(database: str) -> None:
    cheap, able = NewPrice("plain", NANOS, NANOS), NewPrice("tools", 9 * NANOS, 9 * NANOS)
    snapshot = make_snapshot({"plain": cheap, "tools": able})
    by_us = replace(snapshot.configuration, providers=(ProviderSetting(BUILT_IN),))
    listed = [ListedModel("plain", "p", "", 0, ListPrice(0, 0), parameters=("stop",)),
              ListedModel("tools", "t", "", 0, ListPrice(0, 0), parameters=("tools",))]  # fmt: skip
    with db.transaction() as session:
        write_list(session, ModelList(tuple(listed)))
    tool = {"type": "function", "function": {"name": "f"}}
    asked = request(model="auto", tools=[tool])
    (planned,) = (await plan(replace(snapshot, configuration=by_us), asked)).legs
    assert planned.leg.request.model == "tools"
