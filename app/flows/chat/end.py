"""What an answer ends with once it is settled: its cost, usage and `[DONE]`, an error, or the link when money ran out.

Nothing that is said in our own name may stand between an answer and its settlement: what cannot be said is left out,
and the money moves.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import orjson
import structlog

from app.domain.errors import ProviderFailed
from app.domain.ledger.operations import Applied
from app.domain.record import record
from app.domain.usage.requests import Metered
from app.flows.callers.asked import Stopped
from app.flows.chat.call import Run
from app.formats.openai_stream import StreamMeter
from app.formats.openai_usage import without_usage

DONE = b"data: [DONE]\n\n"
_READ = ("prompt_tokens", "completion_tokens")


log = structlog.get_logger()

T = TypeVar("T")


@record(frozen=True, slots=True)
class Stop:
    """What the client is told when its money ran out in the middle: in prose, and as `paywall: {action, url}`.

    Where it was a limit of the developer's there is no link, and no prose; where the answer was longer than what was
    asked for, nothing at all.
    """

    text: str
    paywall: dict[str, Any]


@record(frozen=True, slots=True)
class Wording:
    """What is added to an answer in our own name: what a settlement did, and how to go on when money ran out."""

    settled: Callable[[Applied], dict[str, Any]]
    stopped: Callable[[Stopped], Stop]


def worded(say: Callable[[], T], otherwise: T, request_id: str) -> T:
    """Returns what `say` says, `otherwise` where that fails for whatever reason. Never raises."""
    try:
        return say()
    except Exception as error:
        log.error("chat_wording", request=request_id, step="unsaid", exc_info=error)
        return otherwise


def stream_tail(
    run: Run,
    meter: StreamMeter,
    failure: ProviderFailed | None,
    stop: Stop | None,
    metered: Metered,
    paywall: dict[str, Any],
) -> bytes:
    """Returns what a stream ends with once it is settled."""
    if failure is not None:
        return error_event(failure)
    pieces = [] if stop is None else _stop_events(run, meter, stop)
    if run.leg.request.wants_usage:
        event = without_usage(meter.usage_event or {})
        head = event if event.get("id") else {**_head(run, meter), **event}
        pieces.append(_event({**head, "choices": [], "usage": _usage(meter, metered), "paywall": paywall}))
    return b"".join([*pieces, DONE])


def _stop_events(run: Run, meter: StreamMeter, stop: Stop) -> list[bytes]:
    """Ends every choice that was cut with `length`: in prose with the link, else with the link beside it."""
    head = _head(run, meter)
    events = []
    for index, is_call in meter.open_choices():
        choice: dict[str, Any] = {"index": index, "delta": {}, "logprobs": None, "finish_reason": None}
        if stop.text and not is_call and not run.leg.request.is_for_program:
            events.append(_event({**head, "choices": [{**choice, "delta": {"content": stop.text}}]}))
        beside = {"paywall": stop.paywall} if stop.paywall else {}
        events.append(_event({**head, "choices": [{**choice, "finish_reason": "length"}], **beside}))
    return events


def _head(run: Run, meter: StreamMeter) -> dict[str, Any]:
    return {
        "id": run.id,
        "object": "chat.completion.chunk",
        "created": 0,
        "model": run.leg.offer.price.model,
        **meter.head,
    }


def _usage(meter: StreamMeter, metered: Metered) -> dict[str, Any]:
    """Returns the usage that was charged: in the provider's words, with the counts that every client reads."""
    prompt, output = (metered.tokens.prompt, metered.tokens.output) if metered.tokens else (0, 0)
    counts = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    said = None if meter.usage is None or metered.estimated or metered.tokens is None else meter.usage.said
    if not said:
        return counts
    return {**said, **{name: counts[name] for name in _READ if not isinstance(said.get(name), int)}}


def error_event(failure: ProviderFailed) -> bytes:
    """Returns a failure as a stream says it, in the provider's own words where there are any."""
    ours = {"message": failure.message, "type": "server_error", "param": None, "code": failure.code}
    return _event({"error": {**ours, **failure.said}})


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"
