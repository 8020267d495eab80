"""What `types.d.ts` of the published client (llmwise 0.1.2 of npm) says of answers and events; what does not fit it."""

from collections.abc import Mapping
from typing import Any

NUMBER, TEXT, FLAG, ANY = (int, float), (str,), (bool,), (object,)
TRACE = [{"model": TEXT, "status": TEXT, "status_code?": NUMBER, "latency_ms?": NUMBER}]
_SUMS = {"credits_charged": NUMBER, "credits_remaining": NUMBER, "conversation_id?": TEXT}
_MEMORY = {"semantic_memory_used": FLAG, "semantic_memory_hits": NUMBER}
_USED = {"prompt_tokens": NUMBER, "completion_tokens": NUMBER, "latency_ms": NUMBER, "cost": NUMBER}
_CHOSEN = {"resolved_model": TEXT, "auto_strategy?": TEXT, "optimization_goal?": TEXT, "trace?": TRACE,
           "final_model?": TEXT}  # fmt: skip
CHAT: Mapping[str, Any] = {"id": TEXT, "model": TEXT, "content": TEXT, "finish_reason": (str, type(None)), "mode": TEXT,
                           **_USED, **_SUMS, **_CHOSEN}  # fmt: skip
COMPARE: Mapping[str, Any] = {
    "id": TEXT, "summary": {"fastest": TEXT, "longest": TEXT}, **_SUMS, **_MEMORY,
    "responses": [{"model": TEXT, "content": TEXT, "latency_ms": NUMBER, "completion_tokens": NUMBER, "cost": NUMBER}],
}  # fmt: skip
BLEND: Mapping[str, Any] = {"id": TEXT, "content": TEXT, "strategy": TEXT, "source_models": [TEXT],
                            "synthesizer?": TEXT, "latency_ms": NUMBER, **_SUMS, **_MEMORY}  # fmt: skip
JUDGE: Mapping[str, Any] = {
    "id": TEXT, "verdict": ANY, "winner_response": {"model": TEXT, "content": TEXT}, **_SUMS, **_MEMORY,
    "contestants": [{"model": TEXT, "latency_ms": NUMBER, "status": TEXT}],
}  # fmt: skip
EVENT: Mapping[str, Any] = {
    **{f"{name}?": kind for name, kind in {
        **_USED, "model": TEXT, "delta": TEXT, "done": FLAG, "error": TEXT, "event": TEXT, "status": TEXT,
        "status_code": NUMBER, "content_length": NUMBER, "ttft_ms": NUMBER, "tokens_per_second": NUMBER,
        "credits_charged": NUMBER, "credits_remaining": NUMBER, "byok": FLAG, "conversation_id": TEXT,
        "resolved_model": TEXT, "auto_strategy": TEXT, "optimization_goal": TEXT, "trace": TRACE, "final_model": TEXT,
        "saved_ms": NUMBER, "fastest": TEXT, "longest": TEXT,
    }.items()},
}  # fmt: skip
DONE: Mapping[str, Any] = {**EVENT, **_SUMS, "cost": NUMBER, "latency_ms": NUMBER, "byok": FLAG}


def misfits(value: Any, wanted: Any, path: str = "") -> list[str]:
    """Returns where a value is not what is wanted: a mapping by names, those with `?` may be left out, a list of one
    kind, or the Python types that JSON may have there. More than is wanted fits."""
    if isinstance(wanted, tuple):
        is_flag = isinstance(value, bool) and bool not in wanted and object not in wanted
        return [] if isinstance(value, wanted) and not is_flag else [f"{path}: {value!r}"]
    if isinstance(wanted, list):
        if not isinstance(value, list):
            return [f"{path}: {value!r}"]
        return [found for at, one in enumerate(value) for found in misfits(one, wanted[0], f"{path}[{at}]")]
    if not isinstance(value, dict):
        return [f"{path}: {value!r}"]
    found = []
    for name, kind in wanted.items():
        bare = name.removesuffix("?")
        if bare in value:
            found += misfits(value[bare], kind, f"{path}.{bare}")
        elif bare == name:
            found.append(f"{path}.{bare} is missing")
    return found
