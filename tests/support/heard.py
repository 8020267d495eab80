"""What a client hears of a stream, and the end of what was held for it."""

import json
from typing import Any

import httpx

from tests.support.server import Demo
from tests.support.waiting import wait_until


def events(answer: httpx.Response) -> list[Any]:
    """Returns the events of a stream, `[DONE]` as itself."""
    payloads = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    return [payload if payload == "[DONE]" else json.loads(payload) for payload in payloads]


def said(chunks: list[Any]) -> str:
    """Returns what a stream's chunks say together."""
    choices = [chunk["choices"][0] for chunk in chunks if isinstance(chunk, dict) and chunk.get("choices")]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def spoken(answer: httpx.Response) -> str:
    """Returns a stream without its comments: they come where a machine is slow, and are no part of the answer."""
    return answer.text.replace(": waiting for the model\n\n", "")


def closed(demo: Demo, user: str) -> None:
    """Waits until nothing is held for a user any more; fails if that never comes."""
    wait_until(lambda: demo.held(user) == 0, 0.02)
