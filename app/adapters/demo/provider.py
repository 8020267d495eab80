"""A provider without a network: believable answers in OpenAI's shape, at a human pace, with real token counts."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

from app.adapters.demo import json as demo_json
from app.adapters.demo import request as demo_request
from app.adapters.demo import text as demo_text
from app.adapters.demo.quoted import blend, judge, quoted_in
from app.adapters.demo.request import DemoRequest
from app.domain.errors import ProviderFailed
from app.ports.providers import ProviderAnswer, ProviderTarget, TokenCounter

MODELS = ("demo-mini", "demo-large", "demo-free", "demo-flaky")
FLAKY = MODELS[3]
"""The model that fails before every second answer."""
SYSTEM_FINGERPRINT = "fp_coinslot_demo"
MESSAGE_TOKENS = 3
"""What a chat format adds to each message and once to the prompt, as OpenAI's models do."""
CACHED_STEP_TOKENS = 128
CACHED_TOKENS_MIN = 1_024
"""OpenAI's own rule: a prompt that was seen before is cached from 1,024 tokens on, in steps of 128."""
_PIECE = re.compile(r"\s*[^\W_]{1,8}|\s*[\W_]|\s+")


@dataclass(frozen=True, slots=True)
class _Choice:
    """One finished answer: text, or the arguments of a call of `tool_name`."""

    text: str
    tool_name: str | None
    finish_reason: str


@dataclass(frozen=True, slots=True)
class _Completion:
    """An answer with everything that both of its forms, whole and streamed, say."""

    head: dict[str, Any]
    choices: tuple[_Choice, ...]
    usage: dict[str, Any]


class DemoProvider:
    """A ChatProvider whose answers come from the prompt alone. `now` gives microseconds since 1970."""

    def __init__(self, counter: TokenCounter, now: Callable[[], int], *, pause_seconds: float = 0.02) -> None:
        self._counter = counter
        self._now = now
        self._pause_seconds = pause_seconds
        self._asked = count()

    async def send(self, target: ProviderTarget, body: bytes) -> ProviderAnswer:
        """Answers a chat completion request; see ChatProvider. Its failures are 400, 404, and 503 where it is flaky."""
        request, completion = await asyncio.to_thread(self._complete, body)
        if request.model == FLAKY and next(self._asked) % 2 == 0:
            raise ProviderFailed("The demo's flaky model failed, as it does before every second answer.", 503)
        if request.is_streamed:
            return DemoAnswer("text/event-stream", _events(completion, request.is_usage_wanted), self._pause_seconds)
        return DemoAnswer("application/json", iter([_whole(completion)]), self._pause_seconds)

    async def list_models(self, target: ProviderTarget) -> list[str]:
        """Returns the demo's models."""
        return list(MODELS)

    async def close(self) -> None:
        """There are no connections."""

    def _complete(self, body: bytes) -> tuple[DemoRequest, _Completion]:
        """Makes the whole answer; blocking, because it counts tokens."""
        request = demo_request.read(body)
        if request.model not in MODELS:
            message = f"The model `{request.model}` does not exist or you do not have access to it."
            error = {"message": message, "type": "invalid_request_error", "param": None, "code": "model_not_found"}
            raise ProviderFailed(f"The demo provider has no model {request.model}.", 404, body=dict(error))
        choices = tuple(self._choice(request, number) for number in range(request.choices))
        output = sum(self._count(choice.tool_name or "", choice.text) for choice in choices)
        head = {
            "id": f"chatcmpl-{uuid4().hex}",
            "created": self._now() // 1_000_000,
            "model": request.model,
            "service_tier": "default",
            "system_fingerprint": SYSTEM_FINGERPRINT,
        }
        return request, _Completion(head, choices, self._usage(request, output))

    def _choice(self, request: DemoRequest, number: int) -> _Choice:
        """Says one answer, ending where a stop sequence or the limit ends it."""
        tool_name = request.tool["name"] if request.tool is not None else None
        text = _say(request, number)
        reason = "stop" if tool_name is None else "tool_calls"
        ends = [at for stop in request.stops if (at := text.find(stop)) >= 0] if tool_name is None else []
        text = text[: min(ends, default=len(text))]
        limit = request.output_tokens_max
        if limit is None or self._count(tool_name or "", text) <= limit:
            return _Choice(text, tool_name, reason)
        if tool_name is not None and self._count(tool_name) > limit:
            return _Choice("", None, "length")
        return _Choice(self._cut(tool_name or "", text, limit), tool_name, "length")

    def _cut(self, name: str, text: str, limit: int) -> str:
        """Returns the longest beginning of `text` that has at most `limit` tokens."""
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._count(name, text[:middle]) <= limit else (low, middle - 1)
        return text[:low]

    def _usage(self, request: DemoRequest, output: int) -> dict[str, Any]:
        prompt = self._count(request.prompt) + MESSAGE_TOKENS * (request.messages_count + 1)
        seen = min(self._count(request.seen_before), prompt) // CACHED_STEP_TOKENS * CACHED_STEP_TOKENS
        return {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": seen if seen >= CACHED_TOKENS_MIN else 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def _count(self, *texts: str) -> int:
        """Counts tokens, or bytes where the counter gives up: a token is at least one."""
        counts = ((self._counter.count(text, "gpt-4o"), text) for text in texts)
        return sum(len(text.encode("utf-8", "replace")) if count is None else count for count, text in counts)


class DemoAnswer:
    """An answer that is spoken piece by piece; see ProviderAnswer."""

    def __init__(self, content_type: str, pieces: Iterator[bytes], pause_seconds: float) -> None:
        self._content_type = content_type
        self._pieces = pieces
        self._pause_seconds = pause_seconds
        self._is_closed = False

    @property
    def content_type(self) -> str:
        """The media type without parameters."""
        return self._content_type

    @property
    def redactor(self) -> None:
        """There is no key."""
        return None

    def cleaned(self, error: dict[str, object]) -> dict[str, object]:
        """There are no secrets."""
        return error

    async def read(self) -> bytes:
        """Returns a piece after a pause. Raises ProviderFailed once it is closed."""
        piece = next(self._pieces, b"")
        if piece:
            await asyncio.sleep(self._pause_seconds)
            if self._is_closed:
                raise ProviderFailed("The answer was cancelled.")
        return piece

    async def close(self) -> None:
        """Stops speaking."""
        self._is_closed = True

    async def finish(self) -> None:
        """There is no connection."""


def _say(request: DemoRequest, number: int) -> str:
    """Returns the text of an answer, or the arguments of a call."""
    wanted = (request.tool.get("parameters") or {"type": "object"}) if request.tool is not None else request.schema
    answers = quoted_in(request.question)
    if answers and wanted is None:
        return blend(request.question, request.asked, answers)
    verdict = judge(request.asked, wanted, answers) if answers and wanted is not None else None
    if verdict is not None:
        return json.dumps(verdict, ensure_ascii=False)
    if wanted is None:
        dice = demo_text.seeded(request.model, str(number), request.prompt)
        return demo_text.write_answer(request.question, request.tool_result, request.model == "demo-large", dice)
    try:
        return json.dumps(demo_json.fitting(wanted, request.question), ensure_ascii=False)
    except ValueError as error:
        demo_request.refuse("response_format" if request.tool is None else "tools", f"The schema is wrong: {error}.")


def _whole(completion: _Completion) -> bytes:
    choices = [
        {"index": index, "message": _message(choice), "logprobs": None, "finish_reason": choice.finish_reason}
        for index, choice in enumerate(completion.choices)
    ]
    answer = {**completion.head, "object": "chat.completion", "choices": choices, "usage": completion.usage}
    return json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")


def _message(choice: _Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text, "refusal": None, "annotations": []}
    if choice.tool_name is not None:
        called = {"name": choice.tool_name, "arguments": choice.text}
        message |= {"content": None, "tool_calls": [{"id": _call_id(), "type": "function", "function": called}]}
    return message


def _events(completion: _Completion, is_usage_wanted: bool) -> Iterator[bytes]:
    """Yields the server-sent events of a streamed answer, the choices one after the other."""
    head = {**completion.head, "object": "chat.completion.chunk"}
    more: dict[str, Any] = {"usage": None} if is_usage_wanted else {}
    for index, choice in enumerate(completion.choices):
        for delta in _deltas(choice):
            said = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
            yield _event({**head, "choices": [said], **more})
        last = {"index": index, "delta": {}, "logprobs": None, "finish_reason": choice.finish_reason}
        yield _event({**head, "choices": [last], **more})
    if is_usage_wanted:
        yield _event({**head, "choices": [], "usage": completion.usage})
    yield b"data: [DONE]\n\n"


def _deltas(choice: _Choice) -> Iterator[dict[str, Any]]:
    if choice.tool_name is None:
        yield {"role": "assistant", "content": "", "refusal": None}
        for piece in pieces_of(choice.text):
            yield {"content": piece}
        return
    called = {"name": choice.tool_name, "arguments": ""}
    call = {"index": 0, "id": _call_id(), "type": "function", "function": called}
    yield {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None}
    for piece in pieces_of(choice.text):
        yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


def pieces_of(text: str) -> list[str]:
    """Cuts a text into pieces about as large as tokens; together they are the text."""
    return _PIECE.findall(text)


def _call_id() -> str:
    return f"call_{uuid4().hex[:24]}"


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"
