"""What the published `llmwise` clients say of routing: `routing`, `model: "auto"`, `cost_saver`, `optimization_goal`.

Pure. The clients type `routing` as `fallback` and `strategy`; `fallback_on` is ours.
"""

from collections.abc import Mapping
from typing import Any

from app.domain.errors import BadField
from app.domain.routing.auto import AUTO, Goal
from app.domain.routing.outcomes import ALSO_FOLLOWED
from app.domain.routing.strategies import Strategy
from app.domain.routing.wanted import LEGS_MAX, Routing

STRATEGIES = {**{strategy.value: strategy for strategy in Strategy}, "cost-first": Strategy.COST}
_FIELDS = ("fallback", "strategy", "fallback_on")


def read_routing(body: Mapping[str, Any]) -> Routing | None:
    """Returns what a chat's body says of routing; None where it goes to the one model that it names.

    Raises BadField, which names the field.
    """
    said = body.get("routing")
    if said is None:
        said = {}
    if not isinstance(said, dict):
        raise BadField("routing", "`routing` must be an object.")
    for name in said:
        if name not in _FIELDS:
            raise BadField(f"routing.{name[:40]}", f"`{name[:40]}` is no field of `routing`.", "unsupported_field")
    fallback = _words(said, "fallback")
    model = body.get("model")
    if len(set(fallback)) != len(fallback) or model in fallback:
        raise BadField("routing.fallback", "`routing.fallback` names a model twice: each leg is asked once.")
    if len(fallback) >= LEGS_MAX:
        raise BadField("routing.fallback", f"`routing.fallback` may name {LEGS_MAX - 1} models at most.")
    if AUTO in fallback:
        raise BadField("routing.fallback", f"`{AUTO}` can be the first model only.")
    # What is wrong is said, whether or not it would count.
    strategy, also, goal = _strategy(said), _also(said), _goal(body)
    if not fallback and model != AUTO:
        return None
    return Routing(fallback, strategy, also, goal if model == AUTO else None)


def _strategy(said: Mapping[str, Any]) -> Strategy:
    name = said.get("strategy")
    if name is None:
        return Strategy.RATE_LIMIT
    if not isinstance(name, str) or name not in STRATEGIES:
        raise BadField("routing.strategy", f"`routing.strategy` must be one of {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]


def _also(said: Mapping[str, Any]) -> tuple[str, ...]:
    names = _words(said, "fallback_on")
    if not set(names) <= set(ALSO_FOLLOWED):
        raise BadField("routing.fallback_on", f"`routing.fallback_on` may hold {', '.join(ALSO_FOLLOWED)}.")
    return names


def _goal(body: Mapping[str, Any]) -> Goal | None:
    goal, is_saver = body.get("optimization_goal"), body.get("cost_saver")
    if is_saver is not None and not isinstance(is_saver, bool):
        raise BadField("cost_saver", "`cost_saver` must be true or false.")
    if goal is None:
        return Goal.COST if is_saver else None
    if goal not in tuple(Goal):
        raise BadField("optimization_goal", f"`optimization_goal` must be one of {', '.join(Goal)}.")
    return Goal(goal)


def _words(said: Mapping[str, Any], field: str) -> tuple[str, ...]:
    words = said.get(field)
    if words is None:
        return ()
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise BadField(f"routing.{field}", f"`routing.{field}` must be a list of names.")
    return tuple(words)
