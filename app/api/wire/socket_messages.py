"""What a page's socket may say: the few messages that pages need, read here and written anew; all else has a reason.

What reaches the framework behind this file is our own writing, of bounded size and depth, and calls only what is on
the list. The shapes are Engine.IO's protocol 4, Socket.IO's protocol 5, and the events of Reflex 0.10's client.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

NAMESPACE = "/_event"
MESSAGE_BYTES_MAX = 32_768
"""How large a message may be that passes; one above WIRE_BYTES_MAX ends its socket."""
WIRE_BYTES_MAX = 131_072
TEXT_CHARACTERS_MAX = 4_096
"""How long one argument, or one field of a form, may be."""
PATH_CHARACTERS_MAX = 8_192
FIELDS_MAX = 32
FORM_FIELDS_MAX = 256
"""How many fields a form may have: a price with all its kinds and steps; all of them together are one message."""
HASHES_MAX = 1_000
FORM_ENTRIES = "__reflex_form_data__"
"""Under this name Reflex's client sends a form: a list of `[name, value]`."""

_CONNECT, _LEAVE, _EVENT, _PONG, _CLOSE = f"40{NAMESPACE},", f"41{NAMESPACE},", f"42{NAMESPACE},", "3", "1"


class Reason(StrEnum):
    """Why a message was dropped, or a socket refused."""

    SHAPE = "shape"
    """No message that pages send: another protocol, namespace, event, or broken JSON."""
    SIZE = "size"
    """Larger than a message, a text or a form may be."""
    HANDLER = "handler"
    """A handler that is not on the list."""
    ARGUMENTS = "arguments"
    """Arguments that the handler does not take."""
    RATE = "rate"
    """Too many messages, or sockets, in a moment."""
    ORIGIN = "origin"
    """A socket of another site's page."""
    CROWD = "crowd"
    """More open sockets than one peer, or this process, may have."""
    IDLE = "idle"
    """A socket that said nothing that pages say, or did not take what it was sent."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The closed list: for each handler's full name the kinds of its arguments (str, bool, int or dict) by name.

    `boots` are those that hydrate a page: their arguments are hashes of what the browser has already. `openers` are
    those handlers that read a whole page: that costs as much as many clicks.
    """

    handlers: Mapping[str, Mapping[str, type]]
    boots: frozenset[str] = frozenset()
    openers: frozenset[str] = frozenset()


class Kind(StrEnum):
    CONNECT = "connect"
    """Enters the namespace, and mostly opens a page at once."""
    BOOT = "boot"
    """Reads a whole page, again or after a step to another one."""
    EVENT = "event"
    """Calls a handler."""
    BEAT = "beat"
    """Says that the socket lives."""
    LEAVE = "leave"
    """Ends the socket."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that may pass, in our own writing. `is_load`: it opens a page that was loaded anew and shows nothing
    yet, unlike one whose socket is back."""

    kind: Kind
    text: str
    is_load: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message that may not pass; `named` is the handler that it named, in the sender's own words."""

    reason: Reason
    named: str = field(default="", repr=False)


def read_message(text: str, calls: Calls) -> Message | Dropped:
    """Returns a message as it may pass, or why it may not."""
    if text == _PONG:
        return Message(Kind.BEAT, text)
    if text in (_CLOSE, _LEAVE):
        return Message(Kind.LEAVE, text)
    is_connect = text.startswith(_CONNECT)
    if not is_connect and not text.startswith(_EVENT):
        return Dropped(Reason.SHAPE)
    if len(text) > MESSAGE_BYTES_MAX or len(text.encode(errors="replace")) > MESSAGE_BYTES_MAX:
        return Dropped(Reason.SIZE)
    try:
        content = orjson.loads(text[len(_EVENT) :] or "{}")
    except orjson.JSONDecodeError:
        return Dropped(Reason.SHAPE)
    return _connect(content, calls) if is_connect else _event(content, calls)


def _connect(content: Any, calls: Calls) -> Message | Dropped:
    if not isinstance(content, dict):
        return Dropped(Reason.SHAPE)
    kept: dict[str, Any] = {}
    is_load = False
    schema, asked = content.get("state_schema"), content.get("event")
    if isinstance(schema, str) and len(schema) <= 64 and schema.isalnum():
        kept["state_schema"] = schema
    if asked is not None:
        event = _clean(asked, calls)
        if isinstance(event, Dropped):
            return event
        kept["event"] = event
        is_load = event["name"] in calls.boots and "hashes" in event["payload"]
    return Message(Kind.CONNECT, _CONNECT + _written(kept) if kept else _CONNECT, is_load)


def _event(content: Any, calls: Calls) -> Message | Dropped:
    if not isinstance(content, list) or len(content) != 2 or content[0] != "event":
        named = content[0] if isinstance(content, list) and content and isinstance(content[0], str) else ""
        return Dropped(Reason.SHAPE, named)
    event = _clean(content[1], calls)
    if isinstance(event, Dropped):
        return event
    kind = Kind.BOOT if event["name"] in calls.boots | calls.openers else Kind.EVENT
    return Message(kind, _EVENT + _written(["event", event]))


def _clean(asked: Any, calls: Calls) -> dict[str, Any] | Dropped:
    """Returns an event with what its handler takes and nothing else, or why there is none."""
    if not isinstance(asked, dict) or not isinstance(asked.get("name"), str):
        return Dropped(Reason.SHAPE)
    name, payload = asked["name"], _given(asked, "payload")
    if not isinstance(payload, dict):
        return Dropped(Reason.ARGUMENTS, name)
    if name in calls.boots:
        arguments = _hashes(payload)
    elif name in calls.handlers:
        arguments = _arguments(payload, calls.handlers[name])
    else:
        return Dropped(Reason.HANDLER, name)
    if arguments is None:
        return Dropped(Reason.ARGUMENTS, name)
    router = _router(_given(asked, "router_data"))
    if router is None:
        return Dropped(Reason.SHAPE, name)
    return {"name": name, "payload": arguments, "router_data": router}


def _given(told: dict[str, Any], name: str) -> Any:
    """Returns what was told under a name; nothing told is nothing in it."""
    value = told.get(name)
    return {} if value is None else value


def _hashes(payload: dict[str, Any]) -> dict[str, Any] | None:
    """Returns what a page tells when it opens: hashes of what it was built with. None for anything else.

    No variable of ours is kept in browsers, so nobody can have one to bring.
    """
    hashes = payload.get("hashes")
    if payload.get("vars") or payload.keys() - {"vars", "hashes"}:
        return None
    if hashes is None:
        return {}
    is_list = isinstance(hashes, list) and len(hashes) <= HASHES_MAX
    if not is_list or not all(isinstance(found, str) and len(found) <= 64 for found in hashes):
        return None
    return {"hashes": hashes}


def _arguments(payload: dict[str, Any], kinds: Mapping[str, type]) -> dict[str, Any] | None:
    """Returns a handler's arguments if they are all there, of their kind and size; None otherwise."""
    if payload.keys() != kinds.keys():
        return None
    return payload if all(_fits(payload[name], kind) for name, kind in kinds.items()) else None


def _fits(value: Any, kind: type) -> bool:
    if kind is dict:
        return _is_form(value)
    if kind is str:
        return isinstance(value, str) and len(value) <= TEXT_CHARACTERS_MAX and "\0" not in value
    return type(value) is kind


def _is_form(value: Any) -> bool:
    """Tells whether a value is a form of few short texts, as the client sends it or by its names."""
    if not isinstance(value, dict) or len(value) > FORM_FIELDS_MAX:
        return False
    entries: Any = value.items()
    if FORM_ENTRIES in value:
        entries = value[FORM_ENTRIES]
        if len(value) > 1 or not isinstance(entries, list) or len(entries) > FORM_FIELDS_MAX:
            return False
    return all(
        isinstance(entry, list | tuple) and len(entry) == 2 and all(_fits(part, str) for part in entry)
        for entry in entries
    )


def _router(told: Any) -> dict[str, Any] | None:
    """Returns where a page says that it is, None for what no page says."""
    if not isinstance(told, dict):
        return None
    path, whole, query = told.get("pathname", ""), told.get("asPath", ""), _given(told, "query")
    if not isinstance(path, str) or not isinstance(whole, str) or not isinstance(query, dict):
        return None
    told_texts: list[Any] = [path, whole, *query.keys(), *query.values()]
    if len(query) > FIELDS_MAX or not all(isinstance(part, str) and "\0" not in part for part in told_texts):
        return None
    if sum(map(len, told_texts)) > PATH_CHARACTERS_MAX:
        return None
    return {"pathname": path, "asPath": whole, "query": query} if path or whole else {}


def _written(content: Any) -> str:
    return orjson.dumps(content).decode()
