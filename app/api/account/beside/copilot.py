"""GET and PUT /api/v1/settings/copilot: how far an account is with its first steps, as its programs note it."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from app import db
from app.api.account.owner import Own, OwnBody
from app.domain.errors import BadField
from app.domain.people.preferences import Preference, read_preference
from app.flows.people.account import change_preference

router = APIRouter(prefix="/api/v1/settings", tags=["account"])
USUAL: dict[str, Any] = {"goal": None, "onboarded": False, "checklist": {}}
GOAL_CHARACTERS_MAX, STEPS_MAX, STEP_CHARACTERS_MAX = 200, 50, 60


@router.get("/copilot")
async def get_copilot(own: Own) -> dict[str, Any]:
    """Returns what was noted: a goal, whether the first steps are done, and a list of them."""
    return _shown(await db.in_transaction(lambda session: read_preference(session, own.account_id, Preference.COPILOT)))


@router.put("/copilot")
async def put_copilot(own: Own, body: OwnBody) -> dict[str, Any]:
    """Notes what is named; the rest stays, and steps of the list that are not named stay too."""
    goal, onboarded, checklist = body.get("goal"), body.get("onboarded"), body.get("checklist")
    changes: dict[str, Any] = {}
    if goal is not None:
        changes["goal"] = _goal(goal)
    if onboarded is not None:
        if not isinstance(onboarded, bool):
            raise BadField("onboarded", "`onboarded` must be true or false.")
        changes["onboarded"] = onboarded
    if checklist is not None:
        changes["checklist"] = _steps((await get_copilot(own))["checklist"], checklist)
    return _shown(await change_preference(own.person, Preference.COPILOT, changes))


def _shown(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {**USUAL, **kept}


def _goal(goal: object) -> str:
    if not isinstance(goal, str) or len(goal) > GOAL_CHARACTERS_MAX or not goal.isprintable():
        raise BadField("goal", f"`goal` must be one line of at most {GOAL_CHARACTERS_MAX} characters.")
    return goal


def _steps(before: Mapping[str, bool], checklist: object) -> dict[str, bool]:
    """Returns a list of steps with those that are named. Raises BadField."""
    named = checklist if isinstance(checklist, dict) else {"": None}
    steps = {**before, **named}
    if len(steps) > STEPS_MAX or not all(
        1 <= len(name) <= STEP_CHARACTERS_MAX and isinstance(is_done, bool) for name, is_done in steps.items()
    ):
        message = f"`checklist` must be an object of true or false by step, of at most {STEPS_MAX} steps."
        raise BadField("checklist", message)
    return steps
