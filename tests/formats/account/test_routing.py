"""What clients say of routing, and what is wrong with it."""

from typing import Any

import pytest

from app.domain.errors import BadField
from app.domain.routing.auto import Goal
from app.domain.routing.strategies import Strategy
from app.domain.routing.wanted import Routing
from app.formats.account.routing import read_routing


def test_a_chat_with_one_model_is_not_routed() -> None:
    routings: tuple[object, ...] = (None, {}, {"fallback": []}, {"strategy": "cost"})
    for routing in routings:
        assert read_routing({"model": "a", "routing": routing, "optimization_goal": "latency"}) is None


def test_what_the_clients_send_is_understood() -> None:
    said = {"model": "a", "routing": {"fallback": ["b", "c", "d"], "strategy": "rate-limit"}}
    assert read_routing(said) == Routing(("b", "c", "d"))
    said = {"model": "a", "routing": {"fallback": ["b"], "strategy": "cost-first", "fallback_on": ["content_filter"]}}
    assert read_routing(said) == Routing(("b",), Strategy.COST, ("content_filter",))
    assert read_routing({"model": "auto"}) == Routing()
    assert read_routing({"model": "auto", "cost_saver": True}) == Routing(goal=Goal.COST)
    both = {"model": "auto", "cost_saver": True, "optimization_goal": "latency", "routing": {"fallback": ["b"]}}
    assert read_routing(both) == Routing(("b",), goal=Goal.LATENCY)


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("routing", {"routing": ["b"]}),
        ("routing.fallback", {"routing": {"fallback": "b"}}),
        ("routing.fallback", {"routing": {"fallback": ["b", 7]}}),
        ("routing.fallback", {"routing": {"fallback": ["b", "b"]}}),
        ("routing.fallback", {"routing": {"fallback": ["a"]}}),
        ("routing.fallback", {"routing": {"fallback": ["b", "c", "d", "e"]}}),
        ("routing.fallback", {"routing": {"fallback": ["auto"]}}),
        ("routing.strategy", {"routing": {"strategy": "fastest"}}),
        ("routing.strategy", {"routing": {"fallback": ["b"], "strategy": 1}}),
        ("routing.fallback_on", {"routing": {"fallback": ["b"], "fallback_on": ["everything"]}}),
        ("routing.retries", {"routing": {"fallback": ["b"], "retries": 3}}),
        ("optimization_goal", {"model": "auto", "optimization_goal": "speed"}),
        ("cost_saver", {"model": "auto", "cost_saver": "yes"}),
    ],
)
def test_what_cannot_be_is_named(field: str, more: dict[str, Any]) -> None:
    with pytest.raises(BadField) as wrong:
        read_routing({"model": "a", **more})
    assert wrong.value.field == field
