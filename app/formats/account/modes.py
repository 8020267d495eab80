"""What the published `llmwise` clients ask of several models, and how they read what comes back. Pure.

Bodies are read strictly: a field that would be taken and mean nothing is named. Framing is that of a chat's stream
(`app/formats/account/chat.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.domain.errors import BadField
from app.domain.plain_json import why_not_text
from app.domain.usage.tables import RequestMode

COMPARED = (2, 9)
BLENDED = (2, 6)
JUDGED = (2, 4)
"""How many models each mode takes."""
CRITERIA_MAX = 10
CRITERION_CHARACTERS_MAX = 200
_COMMON = ("messages", "temperature", "max_tokens", "stream", "semantic_memory", "semantic_top_k", "semantic_min_score",
           "cost_saver", "optimization_goal", "conversation_id")  # fmt: skip


Messages = Sequence[Mapping[str, Any]]


class Strategy(StrEnum):
    """How several answers become one."""

    CONSENSUS = "consensus"
    """What they agree on."""
    COUNCIL = "council"
    """What they agree on, where they differ, and what follows."""
    BEST_OF = "best_of"
    """The best of them, made better by what the others know."""
    CHAIN = "chain"
    """Each model goes on from the answer before; the last one's is the answer."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked of which models. `writer` judges, or makes one answer of several; None where nobody does.

    `own_messages` are what models heard that did not hear the same before.
    """

    mode: RequestMode
    models: Sequence[str]
    messages: Sequence[Mapping[str, Any]]
    is_stream: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    writer: str | None = None
    strategy: Strategy | None = None
    criteria: Sequence[str] = ()
    own_messages: Mapping[str, Messages] = field(default_factory=dict)


def read_compare(body: object) -> Asking:
    """Reads a body of /compare. Raises BadField."""
    said = _read(body, "models", "own_messages")
    models = _models(said, "models", COMPARED)
    own = said.get("own_messages") or {}
    if not isinstance(own, dict) or not own.keys() <= set(models) or not all(map(_are_messages, own.values())):
        raise BadField("own_messages", "`own_messages` must hold messages by the names of `models`.")
    return _asking(RequestMode.COMPARE, said, models, own_messages=own)


def read_blend(body: object) -> Asking:
    """Reads a body of /blend; without a `synthesizer` the first model writes. Raises BadField."""
    said = _read(body, "models", "strategy", "synthesizer", "layers", "samples")
    strategy = said.get("strategy") or Strategy.CONSENSUS
    if strategy not in tuple(Strategy):
        offered = ", ".join(Strategy)
        raise BadField("strategy", f"`strategy` must be one of {offered}; others are not offered.", "unsupported_field")
    for name in ("layers", "samples"):
        if said.get(name) is not None:
            raise BadField(name, f"`{name}` goes with strategies that are not offered.", "unsupported_field")
    models = _models(said, "models", BLENDED)
    if strategy == Strategy.CHAIN:
        if said.get("synthesizer") is not None:
            raise BadField("synthesizer", "A chain ends with its last model: it has no synthesizer.")
        return _asking(RequestMode.BLEND, said, models, strategy=Strategy.CHAIN)
    writer = _model(said.get("synthesizer") or models[0], "synthesizer")
    return _asking(RequestMode.BLEND, said, models, writer=writer, strategy=Strategy(strategy))


def read_judge(body: object) -> Asking:
    """Reads a body of /judge. Raises BadField, also for a judge among the contestants."""
    said = _read(body, "contestants", "judge", "criteria")
    models = _models(said, "contestants", JUDGED)
    judge = _model(said.get("judge"), "judge")
    if judge in models:
        raise BadField("judge", f"`{judge[:80]}` cannot judge itself: the judge must not be among the contestants.")
    criteria = said.get("criteria") or []
    if not isinstance(criteria, list) or len(criteria) > CRITERIA_MAX or not all(map(_is_criterion, criteria)):
        message = f"`criteria` must be up to {CRITERIA_MAX} texts of 1 to {CRITERION_CHARACTERS_MAX} characters."
        raise BadField("criteria", message)
    for criterion in criteria:
        _check_text("criteria", criterion)
    return _asking(RequestMode.JUDGE, said, models, writer=judge, criteria=criteria)


def _is_criterion(value: object) -> bool:
    return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= CRITERION_CHARACTERS_MAX


def _read(body: object, *own: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise BadField(None, "The body must be a JSON object.")
    for name in body:
        if name in ("tools", "tool_choice"):
            raise BadField(name, f"`{name}` does not go with several models.", "unsupported_field")
        if name not in (*_COMMON, *own):
            raise BadField(name, f"`{name[:40]}` is no field of this.", "unsupported_field")
    if not isinstance(body.get("stream", True), bool):
        raise BadField("stream", "`stream` must be true or false.")
    return body


def _asking(mode: RequestMode, said: Mapping[str, Any], models: Sequence[str], **more: Any) -> Asking:
    messages: Any = said.get("messages")
    if not _are_messages(messages):
        raise BadField("messages", "`messages` is required and must be a list of objects that is not empty.")
    options = {name: said[name] for name in ("temperature", "max_tokens") if said.get(name) is not None}
    is_stream = said.get("stream", True)
    return Asking(mode=mode, models=models, messages=messages, is_stream=is_stream, options=options, **more)


def _are_messages(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(one, dict) for one in value)


def _models(said: Mapping[str, Any], name: str, bounds: tuple[int, int]) -> Sequence[str]:
    found, (least, most) = said.get(name), bounds
    if not isinstance(found, list) or not least <= len(found) <= most:
        raise BadField(name, f"`{name}` must be a list of {least} to {most} models.")
    models = [_model(one, name) for one in found]
    if len(set(models)) < len(models):
        raise BadField(name, f"`{name}` names a model twice: their answers could not be told apart.")
    return models


def _model(value: object, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadField(name, f"`{name}` is required: the name of a model, as GET /api/v1/models lists them.")
    _check_text(name, value)
    return value


def _check_text(name: str, value: str) -> None:
    """Raises BadField for a text that no JSON can carry on."""
    if (why := why_not_text(value)) is not None:
        raise BadField(name, f"`{name}` {why}.")
