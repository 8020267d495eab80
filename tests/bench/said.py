"""What the mock provider says, and whether an answer that came through a gateway is exactly that."""

from collections.abc import Mapping
from typing import Any

from orjson import JSONDecodeError, loads

FIRST = "alpha"
"""The first content token; seeing it ends the time to first token."""
PROMPT_TOKENS = 11


def words(chunks: int) -> list[str]:
    """Returns the content tokens of an answer, one for each chunk of a stream."""
    return [f"{FIRST} ", *(f"w{number} " for number in range(1, chunks))]


def usage(chunks: int) -> dict[str, int]:
    """Returns the usage of an answer of as many chunks."""
    total = PROMPT_TOKENS + chunks
    return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": chunks, "total_tokens": total}


def complaint_of(status: int, body: bytes, stream: bool, chunks: int) -> str:
    """Returns "" where an answer is exactly what the mock said, else what is wrong with it."""
    if status != 200:
        return f"status {status}: {body[:300]!r}"
    try:
        text, used, is_whole = _streamed(body) if stream else _whole(body)
        if not is_whole:
            return f"no [DONE]: {body[-300:]!r}"
        if text != "".join(words(chunks)):
            return f"wrong content: {text[:200]!r}"
        if {name: used[name] for name in usage(0)} != usage(chunks):
            return f"wrong usage: {used}"
    except (JSONDecodeError, KeyError, IndexError, TypeError) as error:
        return f"unreadable ({error!r}): {body[:300]!r}"
    return ""


def _whole(body: bytes) -> tuple[str, Mapping[str, int], bool]:
    answer = loads(body)
    return answer["choices"][0]["message"]["content"], answer["usage"], True


def _streamed(body: bytes) -> tuple[str, Mapping[str, int], bool]:
    """Returns text and usage of a stream, and whether it came to its end."""
    text: list[str] = []
    used: Mapping[str, int] = {}
    for line in body.split(b"\n"):
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            return "".join(text), used, True
        event: dict[str, Any] = loads(data)
        used = event.get("usage") or used
        text.extend(choice["delta"].get("content") or "" for choice in event["choices"])
    return "".join(text), used, False
