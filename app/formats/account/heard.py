"""What an answer of the account API said, read off its events as they go out: which leg wrote what, and how it ended.

It is read from what the client gets, so that what is kept is what was shown, whichever flow made it. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.formats.event_stream import EventReader, contents
from app.formats.json_text import read_object

BESIDE = ("verdict", "winner", "reason", "strategy", "source_models", "synthesizer", "judge", "fallback", "final_model",
          "auto_strategy", "resolved_model", "trace", "credits_charged", "finish_reason", "dropped",
          "parts")  # fmt: skip
"""What is kept of what the mode itself said of its answers."""

TRACED = ("model", "leg", "status", "status_code", "reason")
"""What is kept of each step of a route."""
ENDED = ("leg", "source")
"""The events that say how a leg of several ended."""


@dataclass(slots=True)
class HeardLeg:
    """What one leg said by now; `error` is why it said no more."""

    model: str
    text: str = ""
    error: str = ""


class Heard:
    """Listens to one answer. It `is_whole` once its last event came, and `has_answer` as soon as a text did; `mode` is
    how it was asked, as far as it says so.
    """

    def __init__(self) -> None:
        self._events = EventReader()
        self._pieces: dict[int, list[str]] = {}
        self.legs: dict[int, HeardLeg] = {}
        self.beside: dict[str, Any] = {}
        self.mode: str | None = None
        self.is_whole = False

    @property
    def has_answer(self) -> bool:
        """Whether any leg said anything."""
        return any(self._pieces.values())

    def feed(self, piece: bytes) -> None:
        """Takes bytes of the stream, however they were cut."""
        for content in contents(self._events.feed(piece)):
            self._hear(content)

    def take_whole(self, body: bytes) -> None:
        """Takes an answer that is no stream."""
        content = read_object(body) or {}
        self.is_whole = True
        self._note(content)
        answers = content.get("responses") or [content]
        for leg, one in enumerate(answers):
            if isinstance(one, Mapping):
                self._end_leg(int(one.get("leg", leg)), one)
                self._hear_leg(int(one.get("leg", leg)), {"error": one.get("error"), "model": one.get("model")})
        writer = content.get("synthesis")
        if answers != [content] and isinstance(writer, Mapping) and content.get("content"):
            self._end_leg(int(writer.get("leg", len(answers))), {**writer, "content": content["content"]})
        if isinstance(writer, Mapping):
            self.beside["synthesizer"] = writer  # as the summary of a stream has it

    def read(self) -> list[tuple[int, HeardLeg]]:
        """Returns what each leg said, in their order."""
        for leg, pieces in self._pieces.items():
            self.legs[leg].text = "".join(pieces)
        return sorted(self.legs.items())

    def _hear(self, content: Mapping[str, Any]) -> None:
        leg, name = content.get("leg"), content.get("event")
        if name in ENDED and isinstance(leg, int):
            self._end_leg(leg, content)
        elif name is not None:
            self.is_whole = self.is_whole or name == "done"
            self._note(content)
        elif isinstance(leg, int) or "delta" in content:
            self._hear_leg(leg if isinstance(leg, int) else 0, content)
        elif content.get("error"):
            self.is_whole = True
            for one in self.legs.values():
                one.error = one.error or str(content["error"])

    def _end_leg(self, leg: int, content: Mapping[str, Any]) -> None:
        """Hears how a leg of several ended: its whole text, where it was not shown as it came, and why it failed."""
        known = self.legs.setdefault(leg, HeardLeg(str(content.get("model") or "")))
        if isinstance(text := content.get("content"), str):
            self._pieces[leg] = [text]
        if content.get("status") not in (None, "answered"):
            known.error = str(content.get("reason") or content["status"])

    def _hear_leg(self, leg: int, content: Mapping[str, Any]) -> None:
        known = self.legs.setdefault(leg, HeardLeg(""))
        known.model = str(content.get("model") or known.model)
        if text := content.get("delta"):
            self._pieces.setdefault(leg, []).append(str(text))
        if content.get("error"):
            known.error = str(content["error"])

    def _note(self, content: Mapping[str, Any]) -> None:
        self.mode = content.get("mode") or self.mode
        if content.get("event") == "route":
            self.beside.setdefault("trace", []).append({name: content.get(name) for name in TRACED})
            return
        if content.get("event") == "verdict":
            self.beside["verdict"] = content.get("verdict")
        self.beside.update({name: content[name] for name in BESIDE if content.get(name) is not None})
