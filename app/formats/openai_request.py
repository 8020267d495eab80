"""A chat request as the proxy must understand it: what it may cost at most, and what is sent upstream.

Only what decides, meters or charges is looked at; everything else passes through.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import orjson

from app.domain.errors import BadField
from app.domain.record import record
from app.formats.openai_reader import is_for_program

CHOICES_MAX = 128
_OWN_TOOLS = ("function", "custom")
"""Kinds of tool that the app runs itself."""
_AT_LIST_PRICE = (("service_tier", "default"), ("service_tier", "auto"))
_LIMIT_FIELDS = ("max_completion_tokens", "max_tokens")
_TEXT_KINDS = frozenset({"text", "refusal", "input_text", "output_text", "thinking", "redacted_thinking", "tool_use",
                         "tool_result"})  # fmt: skip
"""Kinds of content part that cost what their bytes do at most; any other may hold a film."""
_IMAGES = ("image_url", "input_image", "image")
_MEDIA = {"image_url": ("image_url", "url"), "input_audio": ("input_audio", "data"), "file": ("file", "file_data")}


OPENAI_FIELDS = frozenset({
    "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
    "max_tokens", "messages", "metadata", "modalities", "model", "moderation", "n", "parallel_tool_calls", "prediction",
    "presence_penalty", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning_effort",
    "response_format", "safety_identifier", "seed", "stop", "store", "stream", "stream_options", "temperature",
    "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity",
})  # fmt: skip
"""OpenAI's CreateChatCompletionRequest (`specs/openai-chat.json`) without what changes the price."""
PRICED_FIELDS = ("service_tier", "web_search_options", "models", "plugins", "provider", "route", "transforms")
"""Fields of OpenAI and OpenRouter that change what a request costs, or which model answers it."""


@record(frozen=True, slots=True)
class Media:
    """A part of a message that is no text: what it is made of, a data URL, base64 or where it is to be had."""

    is_image: bool
    data: str
    detail: str | None = None
    is_here: bool = False

    @property
    def bytes_max(self) -> int | None:
        """How many bytes it has at most, None where it is elsewhere."""
        return len(self.data) if self.is_here else None


@record(frozen=True, slots=True, weakref_slot=True)
class ChatRequest:
    """A parsed request. `prompt_bytes` bounds the prompt's tokens without its `media_parts`.

    `output_limit` is the client's own (None if it set none), `limit_field` the field it used. `long_parts` are the
    media parts whose length nobody can tell: all but images. `is_unseen` says that some of the answer cannot be
    counted as it comes: thoughts that were asked for, sound, images. `is_for_program`: no person reads the answer.
    """

    body: dict[str, Any]
    model: str
    user: str | None
    is_stream: bool
    wants_usage: bool
    is_for_program: bool
    choices: int
    output_limit: int | None
    limit_field: str | None
    prompt_bytes: int
    media_parts: int
    wants_sound: bool = False
    long_parts: int = 0
    is_unseen: bool = False

    def sent_as(self, model: str) -> "ChatRequest":
        """Returns the request as it asks a provider that calls the model so."""
        return self if model == self.model else replace(self, model=model, body={**self.body, "model": model})

    def upstream_body(
        self, output_limit: int, default_field: str, *, is_operators_key: bool = False, unknown: Collection[str] = ()
    ) -> bytes:
        """Returns the request as it goes upstream: with our output limit, and asking for usage if streamed.

        With the operator's key only what OpenAI's schema knows goes along; `unknown` is what the host does not take.
        """
        body = self.body.copy()
        if is_operators_key:
            body = {name: value for name, value in body.items() if name in OPENAI_FIELDS}
        for field in _LIMIT_FIELDS:
            body.pop(field, None)
        if self.is_stream:
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        for field in unknown:
            body.pop(field, None)
        body[default_field if self.limit_field in unknown else self.limit_field or default_field] = output_limit
        return orjson.dumps(body)

    def prompt_text(self) -> str:
        """Returns the text of the prompt, tools and schemas included, for counting its tokens."""
        pieces: list[str] = []
        for message in self.body["messages"]:
            content = message.get("content")
            if isinstance(content, list):
                message = {**message, "content": [part for part in content if not _is_media(part)]}
            _gather(message, pieces)
        extras = (self.body.get(field) for field in ("tools", "functions", "response_format"))
        pieces.extend(orjson.dumps(extra).decode() for extra in extras if extra)
        return "\n".join(pieces)

    def priced_field(self) -> str | None:
        """Returns what in the request would change its price behind our back; None for nothing."""
        if ":" in self.model.rpartition("/")[2] and not self.model.endswith(":free"):
            return "model"  # OpenRouter's `:online`, `:nitro` and the like
        tools = self.body.get("tools")
        if isinstance(tools, list) and not all(
            isinstance(tool, dict) and tool.get("type") in _OWN_TOOLS for tool in tools
        ):
            return "tools"  # such as OpenRouter's web search, which runs there and is paid by the call
        found = (field for field in PRICED_FIELDS if self.body.get(field) is not None)
        return next((field for field in found if (field, self.body[field]) not in _AT_LIST_PRICE), None)

    def image_count(self) -> int:
        """Returns how many images the messages hold."""
        contents = (message.get("content") for message in self.body["messages"])
        parts = (part for content in contents if isinstance(content, list) for part in content)
        return sum(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)

    def media(self) -> Iterator[Media]:
        """Yields the parts of the messages that are no text."""
        contents = (message.get("content") for message in self.body["messages"])
        for part in (part for content in contents if isinstance(content, list) for part in content if _is_media(part)):
            strings: list[str] = []
            _gather(part, strings)
            data, holder = max(strings, key=len), part.get("image_url")
            detail = (holder if isinstance(holder, dict) else part).get("detail")
            is_here = data.startswith("data:") or part["type"] == "input_audio"
            yield Media(part["type"] in _IMAGES, data, detail if isinstance(detail, str) else None, is_here)

    @property
    def message_count(self) -> int:
        return len(self.body["messages"])


def read_chat_request(body: object) -> ChatRequest:
    """Checks what the proxy needs of a parsed body. Raises BadField, which names the field."""
    if not isinstance(body, dict):
        raise BadField(None, "The body must be a JSON object.")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadField("model", "`model` is required and must be a string.", _missing(body, "model"))
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        message = "`messages` is required and must be a list of objects that is not empty."
        raise BadField("messages", message, _missing(body, "messages"))
    user = body.get("user")
    if user is not None and not isinstance(user, str):
        raise BadField("user", "`user` must be a string.", "invalid_user")
    is_stream = _boolean(body, "stream")
    options = body.get("stream_options")
    if options is not None and (not isinstance(options, dict) or not is_stream):
        raise BadField("stream_options", "`stream_options` must be an object, and only goes with `stream: true`.")
    wants_usage = options is not None and _boolean(options, "include_usage", "stream_options.include_usage")
    limit_field, limit = _output_limit(body)
    media_parts, long_parts, media_bytes = _media(messages)
    modalities = _list_of(body, "modalities")
    is_thinking = body.get("reasoning_effort") not in (None, "none") or bool(
        body.get("reasoning") or body.get("thinking")
    )
    return ChatRequest(
        body=body,
        model=model,
        user=user,
        is_stream=is_stream,
        wants_usage=wants_usage,
        is_for_program=is_for_program(body),
        choices=_whole(body, "n", CHOICES_MAX) or 1,
        output_limit=limit,
        limit_field=limit_field,
        prompt_bytes=_serialized_length(body) - media_bytes,
        media_parts=media_parts,
        wants_sound=body.get("audio") is not None or "audio" in modalities,
        long_parts=long_parts,
        is_unseen=is_thinking or body.get("audio") is not None or any(kind != "text" for kind in modalities),
    )


def _missing(body: dict[str, Any], field: str) -> str:
    return "invalid_value" if field in body else "missing_required_parameter"


def _serialized_length(body: dict[str, Any]) -> int:
    """Returns the bytes of the body in UTF-8: no fewer than the tokens that a model can make of it."""
    try:
        return len(orjson.dumps(body))
    except (TypeError, orjson.JSONEncodeError):
        field = next((name for name, value in body.items() if not _can_be_written(value)), None)
        holder = "The body" if field is None else f"`{field}`"
        message = f"{holder} holds a number or character that JSON cannot carry on: an integer beyond 64 bits, or half"
        raise BadField(field, f"{message} of a surrogate pair.") from None


def _can_be_written(value: object) -> bool:
    try:
        orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):
        return False
    return True


def _boolean(body: dict[str, Any], field: str, name: str | None = None) -> bool:
    value = body.get(field)
    if value is not None and not isinstance(value, bool):
        raise BadField(name or field, f"`{name or field}` must be true or false.")
    return bool(value)


def _whole(body: dict[str, Any], field: str, most: int) -> int | None:
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise BadField(field, f"`{field}` must be an integer between 1 and {most}.")
    return value


def _list_of(body: dict[str, Any], field: str) -> list[Any]:
    value = body.get(field)
    if value is not None and not isinstance(value, list):
        raise BadField(field, f"`{field}` must be a list.")
    return value or []


def _output_limit(body: dict[str, Any]) -> tuple[str | None, int | None]:
    """Returns the client's limit and the field it used; the smaller one if it set both."""
    limits = [
        (limit, field)
        for field in _LIMIT_FIELDS
        if field in body and (limit := _whole(body, field, 10_000_000)) is not None
    ]
    if not limits:
        return None, None
    limit, field = min(limits)
    return field, limit


def _media(messages: list[dict[str, Any]]) -> tuple[int, int, int]:
    """Returns how many parts are not text, how many of them no images, and how many bytes of the body they take."""
    parts = images = size = 0
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if not _is_media(part):
                continue
            parts += 1
            images += part["type"] == "image_url"
            name, field = _MEDIA.get(part["type"], ("", ""))
            holder = part.get(name)
            data = holder.get(field) if isinstance(holder, dict) else None
            size += len(data) if isinstance(data, str) and data.isascii() else 0
    return parts, parts - images, size


def _is_media(part: object) -> bool:
    """Tells whether a part of a content holds anything but text."""
    kind = part.get("type") if isinstance(part, dict) else None
    return isinstance(kind, str) and kind not in _TEXT_KINDS


def _gather(value: object, pieces: list[str]) -> None:
    """Collects all text of a message: names, contents, tool calls."""
    if isinstance(value, str):
        pieces.append(value)
    elif isinstance(value, dict):
        for item in value.values():
            _gather(item, pieces)
    elif isinstance(value, list):
        for item in value:
            _gather(item, pieces)
