"""A judge's verdict: one JSON object that fits its schema, or none. Pure; nothing is guessed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

SCORE_MAX = 10
REASON_CHARACTERS_MAX = 4_000
_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Score:
    """What the answer at a place got, 0 to 10, and why."""

    place: int
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The place of the winner as the judge read the answers, None for a tie; a score for each; and why."""

    winner: int | None
    scores: Sequence[Score]
    reason: str


def schema_of(letters: Sequence[str]) -> dict[str, Any]:
    """Returns the JSON schema of a verdict about answers of these names."""
    score = {
        "type": "object",
        "properties": {
            "score": {"type": "number", "minimum": 0, "maximum": SCORE_MAX},
            "reason": {"type": "string"},
        },
        "required": ["score", "reason"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "winner": {"enum": [*letters, "tie"]},
            "scores": {"type": "object", "properties": dict.fromkeys(letters, score), "required": list(letters)},
            "reason": {"type": "string"},
        },
        "required": ["winner", "scores", "reason"],
        "additionalProperties": False,
    }


def read_verdict(text: str, letters: Sequence[str]) -> Verdict | None:
    """Returns the verdict that a text is; None where it is not exactly one, whatever else stands in it."""
    try:
        said = orjson.loads(_unfenced(text))
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict) or said.keys() != {"winner", "scores", "reason"}:
        return None
    scores, winner = said["scores"], said["winner"]
    if not isinstance(scores, dict) or scores.keys() != set(letters) or winner not in (*letters, "tie"):
        return None
    found = [_score(place, scores[letter]) for place, letter in enumerate(letters)]
    if not _is_reason(said["reason"]) or None in found:
        return None
    place = None if winner == "tie" else list(letters).index(winner)
    return Verdict(place, [score for score in found if score is not None], said["reason"])


def _unfenced(text: str) -> str:
    """Returns what stands in a fence of Markdown, if that is all there is."""
    text = text.strip()
    if text.startswith(_FENCE) and text.endswith(_FENCE) and "\n" in text:
        return text[len(_FENCE) : -len(_FENCE)].partition("\n")[2]
    return text


def _score(place: int, said: object) -> Score | None:
    if not isinstance(said, dict) or said.keys() != {"score", "reason"} or not _is_reason(said["reason"]):
        return None
    score = said["score"]
    is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
    return Score(place, score, said["reason"]) if is_number and 0 <= score <= SCORE_MAX else None


def _is_reason(value: object) -> bool:
    return isinstance(value, str) and len(value) <= REASON_CHARACTERS_MAX
