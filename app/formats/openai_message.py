"""What a model wrote: every text of an answer, wherever a provider puts it, and an upper bound of it without parsing.

Content as a text or as parts, refusals, thoughts under whichever name, tool calls of every kind: all of it was written
and is paid for. What is no text is named here, and nothing else is left out.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MEDIA_BYTES_A_TOKEN = 1_000
"""How many bytes of a picture or sound in base64 are counted as a token where nobody says how many they are: a picture
of Gemini's (1,290 tokens) has some 1.3 MB, a second of OpenAI's sound (20 tokens) 11 KB as mp3 and 64 KB as PCM."""

_NO_TEXT = frozenset({
    "id", "type", "role", "object", "model", "format", "created", "finish_reason", "native_finish_reason",
    "stop_reason", "system_fingerprint", "service_tier", "provider", "severity",
})  # fmt: skip
"""Fields whose text nobody wrote, beside ids and signatures."""
_ASIDE = frozenset({"logprobs", "usage", "error", "content_filter_results", "content_filter_result", "token_ids",
                    "prompt_token_ids", "prompt_logprobs", "safety_ratings"})  # fmt: skip
"""What stands in a choice beside what was written, or says that again."""
_THOUGHTS = frozenset({"reasoning_content", "reasoning", "reasoning_details", "reasoning_text", "thinking",
                       "thinking_blocks", "thought"})  # fmt: skip
"""Names of thoughts; some providers say the same one under several."""

_STRUCTURED = frozenset({"arguments", "input", "parameters", "args"})
"""Fields of a call whose value is JSON: a text to OpenAI, to others an object. The model wrote every letter of it."""
_STRUCTURE = re.compile(rb'"(?:%s)"\s*:\s*[\[{]' % "|".join(sorted(_STRUCTURED)).encode())
NUMBER_GROWTH = 6
"""How many times as long a number can be when it is written anew (1e15)."""
SAID_CHARACTERS = 200
"""How much of the end of what was said tells a message that says it again."""

_KNOWN = "|".join(sorted(_NO_TEXT))
_ENVELOPE = "|".join(sorted(
    {"choices", "index", "delta", "content", "refusal", "tool_calls", "function", "arguments", "name", "usage",
     "reasoning_content", "reasoning", "logprobs", "obfuscation", *_NO_TEXT, *_ASIDE}
))  # fmt: skip
_STRING = rb'[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+'
_STRINGS = re.compile(
    rb'"(?:%s)"\s*:\s*"%s"|"(?:%s)"\s*:|"(%s)"' % (_KNOWN.encode(), _STRING, _ENVELOPE.encode(), _STRING)
)
"""Goes over JSON string by string, so that no text can pass for the end of another, and line by line, so that one that
is no JSON does not turn the next inside out. What it finds is what may have been written: names of fields that nobody
knows are among it, those of every provider's chunks are not."""
_COMMENTS = re.compile(rb"^:.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote: its text, and how many bytes of base64 of pictures and sound."""

    text: str
    media_bytes: int = 0

    def __bool__(self) -> bool:
        return bool(self.text or self.media_bytes)

    @property
    def media_tokens(self) -> int:
        """About how many tokens the pictures and the sound are."""
        return -(-self.media_bytes // MEDIA_BYTES_A_TOKEN)


def text_bytes(data: bytes) -> int:
    """Returns no less than the bytes of what `written_in` finds in the same events, without parsing anything."""
    if data.startswith(b":") or b"\n:" in data:
        data = _COMMENTS.sub(b"", data)  # they are free to hold half a text
    if _STRUCTURE.search(data) is not None:
        return NUMBER_GROWTH * len(data)
    return sum(map(len, _STRINGS.findall(data)))


def written_in(contents: Iterable[dict[str, Any]], said: dict[object, str] | None = None) -> Written:
    """Returns what was written in the choices of an answer or of the events of a stream, in its order.

    An event without choices, in a stream of chunks that have them, is looked at whole. A message beside a delta that
    says again what was said until then (Perplexity's chunks) is not written twice; `said` carries the end of that, by
    choice, from one part of a stream to the next.
    """
    found, said = _Found([], []), {} if said is None else said
    for content in contents:
        choices = content.get("choices")
        if isinstance(choices, list):
            for choice in choices:
                found.gather_choice(choice, said)
        elif choices is None:
            found.gather(content)
    return Written("".join(found.texts), sum(map(len, found.media)))


@dataclass(frozen=True, slots=True)
class _Found:
    """Pieces of what was written, as they are found: texts, and pictures and sound in base64."""

    texts: list[str]
    media: list[str]

    def gather_choice(self, choice: object, said: dict[object, str]) -> None:
        """Collects what is written in a choice; see `written_in`."""
        if not isinstance(choice, dict) or not isinstance(choice.get("delta"), dict):
            self.gather(choice)
            return
        before, message = len(self.texts), choice.get("message")
        if not message:
            self.gather(choice)
        else:
            self.gather({name: item for name, item in choice.items() if name != "message"})
        index = choice.get("index") if isinstance(choice.get("index"), int) else 0
        end = said[index] = (said.get(index, "") + "".join(self.texts[before:]))[-SAID_CHARACTERS:]
        if message:
            again = _Found([], [])
            again.gather(message)
            if not end or not "".join(again.texts).endswith(end):
                self.gather(message)

    def gather(self, value: object, name: str = "") -> None:
        """Collects what is written in a value of this name, at any depth."""
        if isinstance(value, str):
            (self.media if _is_media(name, value) else self.texts).append(value)
        elif isinstance(value, list):
            for item in value:
                self.gather(item, name)
        elif isinstance(value, dict):
            self._gather_fields(value, name)

    def _gather_fields(self, fields: dict[str, Any], holder: str) -> None:
        """Collects what is written in an object; a thought that is said under several names is collected once."""
        thoughts: set[str] = set()
        for name, item in fields.items():
            if name in _ASIDE or (isinstance(item, str) and _is_no_text(name)):
                continue
            if name in _STRUCTURED and item and isinstance(item, (dict, list)):
                self.texts.append(json.dumps(item, ensure_ascii=False, separators=(",", ":")))
                continue
            if name not in _THOUGHTS:
                self.gather(item, "audio.data" if (holder, name) == ("audio", "data") else name)
                continue
            thought = _Found([], self.media)
            thought.gather(item, name)
            if (said := "".join(thought.texts)) not in thoughts:
                thoughts.add(said)
                self.texts.extend(thought.texts)


def _is_no_text(name: str) -> bool:
    return name in _NO_TEXT or name.endswith(("_id", "signature"))


def _is_media(name: str, text: str) -> bool:
    """Tells whether a field holds a picture or sound in base64."""
    return name in ("audio.data", "b64_json") or (name in ("url", "image_url") and text.startswith("data:"))


def choices_in(contents: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields the choices of all contents; what is none, in a stream that has begun well, is passed over."""
    for content in contents:
        choices = content.get("choices")
        yield from (choice for choice in choices if isinstance(choice, dict)) if isinstance(choices, list) else ()
