"""/api/v1/optimization/…: how models did for an account, and what it prefers them by; nothing else of it is offered."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from app import db
from app.api.account.owner import Own, OwnBody
from app.api.account.usage import dollars_of
from app.api.common.errors import NotOffered
from app.domain import clock
from app.domain.credits.report import Goal, ModelRecord, best_of, read_records
from app.domain.errors import BadField
from app.domain.legs.sharing import in_whole
from app.domain.money import NANOS
from app.domain.people.preferences import Preference, read_preference
from app.domain.routing.auto import Goal as Chosen
from app.flows.people.account import change_preference

router = APIRouter(prefix="/api/v1/optimization", tags=["account"])
USUAL: dict[str, Any] = {"enabled": True, "goal": Goal.BALANCED.value, "days": 30, "min_calls_per_model": 3}
DAYS_MAX, CALLS_MAX = 90, 10_000
_MOST = {"days": DAYS_MAX, "min_calls_per_model": CALLS_MAX}
MICROSECONDS = 1_000


def refuse() -> None:
    """Raises NotOffered for the parts of the clients' optimization that nothing here answers to."""
    raise NotOffered("This part of the optimization is not offered here: its policy and its report are.")


@router.get("/policy")
async def get_policy(own: Own) -> dict[str, Any]:
    """Returns what models are preferred by, and over how many days the report counts."""
    return {**USUAL, **await _kept(own.account_id)}


async def read_goal(account_id: str) -> Chosen:
    """Returns what counts for an account where a model is left to us: what its policy says, while that is enabled."""
    policy = {**USUAL, **await _kept(account_id)}
    return Chosen(policy["goal"] if policy["enabled"] else USUAL["goal"])


async def _kept(account_id: str) -> Mapping[str, Any]:
    """Returns what was said of the policy."""
    return await db.in_transaction(lambda session: read_preference(session, account_id, Preference.OPTIMIZATION))


@router.put("/policy")
async def put_policy(own: Own, body: OwnBody) -> dict[str, Any]:
    """Changes what is named of the policy: its goal counts in the report, and where the model `auto` is asked."""
    for name, value in body.items():
        _check(name, value)
    return {**USUAL, **await change_preference(own.person, Preference.OPTIMIZATION, body)}


def _check(name: str, value: object) -> None:
    """Raises BadField for what is no part of a policy."""
    if name not in USUAL:
        raise BadField(name, f"`{name[:40]}` is no part of a policy: it has {', '.join(USUAL)}.", "unsupported_field")
    if name == "enabled" and not isinstance(value, bool):
        raise BadField(name, "`enabled` must be true or false.")
    if name == "goal" and value not in tuple(Goal):
        raise BadField(name, f"`goal` must be one of {', '.join(Goal)}.")
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if name in _MOST and not (is_whole and 1 <= int(value) <= _MOST[name]):  # type: ignore[call-overload]
        raise BadField(name, f"`{name}` must be a whole number from 1 to {_MOST[name]}.")


@router.get("/report")
async def get_report(
    own: Own,
    goal: Annotated[Goal | None, Query()] = None,
    days: Annotated[int | None, Query(ge=1, le=DAYS_MAX)] = None,
    min_calls_per_model: Annotated[int | None, Query(ge=1, le=CALLS_MAX)] = None,
    use_policy: Annotated[bool, Query()] = True,
    persist_snapshot: Annotated[bool, Query()] = False,
) -> dict[str, Any]:
    """Returns how each model did in some days, and which one the goal prefers; what the policy says comes first."""
    if persist_snapshot:
        refuse()
    asked = {"goal": goal, "days": days, "min_calls_per_model": min_calls_per_model}
    kept = await _kept(own.account_id)
    first = kept if use_policy and kept.get("enabled", USUAL["enabled"]) else {}
    counts = {name: first.get(name, USUAL[name] if value is None else value) for name, value in asked.items()}
    since = clock.now() - counts["days"] * clock.DAY
    found = await db.in_transaction(lambda session: read_records(session, own.account.owner, since))
    whole = in_whole([record.charge_nanos for record in found], NANOS)
    best = best_of(found, Goal(counts["goal"]), counts["min_calls_per_model"])
    return {
        **counts,
        "calls": sum(record.calls for record in found),
        "models": [_line(record, charged) for record, charged in zip(found, whole, strict=True)],
        "recommended_model": None if best is None else best.model,
    }


def _line(record: ModelRecord, credits_charged: int) -> dict[str, Any]:
    return {
        "model": record.model,
        "calls": record.calls,
        "success_rate": round(record.success_rate, 4),
        "avg_latency_ms": None if record.mean_microseconds is None else record.mean_microseconds // MICROSECONDS,
        "tokens": record.tokens,
        "credits_charged": credits_charged,
        "cost": dollars_of(record.charge_nanos),
    }


async def _not_offered(_own: Own) -> None:
    refuse()


_ELSE = {"response_model": None, "include_in_schema": False, "dependencies": [Depends(_not_offered)]}


def _nothing() -> None:
    """Is never reached: what it depends on refuses before."""


for _path, _methods in (
    ("/evaluate", ["POST"]), ("/replay", ["POST"]), ("/snapshots", ["GET"]), ("/alerts", ["GET"]),
    ("/test-templates", ["GET"]), ("/test-suites", ["GET", "POST"]), ("/test-suites/{item}", ["PUT"]),
    ("/test-suites/{item}/run", ["POST"]), ("/test-runs", ["GET"]), ("/test-runs/{item}/csv", ["GET"]),
    ("/regression-schedules", ["GET", "POST"]), ("/regression-schedules/{item}", ["PUT"]),
    ("/regression-schedules/{item}/run", ["POST"]),
):  # fmt: skip
    router.add_api_route(_path, _nothing, methods=_methods, **_ELSE)  # type: ignore[arg-type]
