"""Which model is asked where the caller leaves that to us: rules over the words of the question. Pure.

Only text is looked at, and only to tell short questions, code and hard thinking from the rest: the harder it looks, the
dearer the model, among those that can take the request at all. What was chosen is always said, with why and its price.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from app.domain.record import record

AUTO = "auto"
"""What a caller names as the model who leaves it to us."""


class Goal(StrEnum):
    """What the caller wants most."""

    BALANCED = "balanced"
    """A model that fits the question."""
    LATENCY = "latency"
    """The one that begins to answer soonest, of those that have not failed since."""
    COST = "cost"
    """The cheapest."""
    RELIABILITY = "reliability"
    """One that has answered lately and not failed since."""


class Task(StrEnum):
    """What a question looks like."""

    SHORT = "short"
    """A few words, and nothing below."""
    GENERAL = "general"
    """Anything else."""
    LONG = "long"
    """Much text."""
    CODE = "code"
    """Programs, or what goes wrong in one."""
    REASONING = "reasoning"
    """What wants several steps of thought."""


SHORT_CHARACTERS_MAX, LONG_CHARACTERS_MIN = 280, 24_000
LOOKED_AT_CHARACTERS_MAX = 20_000
"""How much of the last question is looked at."""
_CODE = re.compile(
    r"```|\b(def|class|import|function|const|return|SELECT|INSERT INTO)\b.{0,80}[({;:]|Traceback \(most recent"
    r"|\b(stack ?trace|refactor|unit tests?|regex|compile[rs]?|debug|source code|pull request|sql query"
    r"|(python|javascript|typescript|rust|golang|java|bash|c\+\+) (code|script|function|program))\b",
    re.IGNORECASE,
)
_REASONING = re.compile(
    r"\b(prove|proof|theorem|derive|integral|equations?|step[ -]by[ -]step|reason(ing)?|trade-?offs?|root cause"
    r"|analy[sz]e|optimi[sz]e|strategy|puzzle|how many ways|probability)\b",
    re.IGNORECASE,
)
_PLACES = {Task.SHORT: (0, 4), Task.GENERAL: (1, 4), Task.LONG: (1, 4), Task.CODE: (3, 4), Task.REASONING: (3, 4)}
"""How far up by price the model of a task stands: a part of all that can take it."""
_WORDS = {
    Task.SHORT: "a short question", Task.GENERAL: "an ordinary question", Task.LONG: "a long text",
    Task.CODE: "code", Task.REASONING: "a question that wants thinking",
}  # fmt: skip


@record(frozen=True, slots=True)
class Candidate:
    """A model that can take the request: about what that costs, how soon it begins, None if unknown.

    It `is_steady` that has answered lately and not failed since.
    """

    model: str
    nanos: int
    milliseconds: int | None = None
    is_steady: bool = False


@record(frozen=True, slots=True)
class Choice:
    """What was chosen, for which goal, what the question looked like, and why, in a sentence."""

    model: str
    goal: Goal
    task: Task
    why: str


def task_of(last_question: str, characters: int) -> Task:
    """Returns what a request looks like, by its last question and by how long all of its text is."""
    looked_at = last_question[:LOOKED_AT_CHARACTERS_MAX]
    if _CODE.search(looked_at):
        return Task.CODE
    if _REASONING.search(looked_at):
        return Task.REASONING
    if characters >= LONG_CHARACTERS_MIN:
        return Task.LONG
    return Task.SHORT if characters <= SHORT_CHARACTERS_MAX else Task.GENERAL


def choose(candidates: Sequence[Candidate], goal: Goal, task: Task) -> Choice | None:
    """Returns which of the models is asked; None where there is none. Of two at one price it is who is steady."""
    if not candidates:
        return None
    by_price = sorted(candidates, key=lambda one: (one.nanos, not one.is_steady, one.model))
    if goal is Goal.COST:
        return Choice(by_price[0].model, goal, task, f"It is the cheapest of {_count(by_price)}.")
    if goal is Goal.LATENCY and (quick := _quickest(by_price)) is not None:
        why = f"It began to answer soonest of late, after {quick.milliseconds} ms, of {_count(by_price)}."
        return Choice(quick.model, goal, task, why)
    steady = [one for one in by_price if one.is_steady] if goal is Goal.RELIABILITY else []
    verb = "has" if len(steady) == 1 else "have"
    among, beside = (steady, f" that {verb} answered lately and not failed since") if steady else (by_price, "")
    part, of = _PLACES[task]
    place = (len(among) - 1) * part // of
    why = f"It reads like {_WORDS[task]}: number {place + 1} by price, the cheapest first, of {_count(among)}{beside}."
    return Choice(among[place].model, goal, task, why)


def _quickest(candidates: Sequence[Candidate]) -> Candidate | None:
    known = [
        (one.milliseconds, place)
        for place, one in enumerate(candidates)
        if one.milliseconds is not None and one.is_steady
    ]
    return candidates[min(known)[1]] if known else None


def _count(models: Sequence[Candidate]) -> str:
    return "1 model" if len(models) == 1 else f"{len(models)} models"
