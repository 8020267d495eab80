"""The few messages that may pass, and the many that may not; what passes is written anew."""

import json
from typing import Any

import pytest

from app.api.wire.socket_messages import (
    FIELDS_MAX,
    FORM_ENTRIES,
    FORM_FIELDS_MAX,
    HASHES_MAX,
    MESSAGE_BYTES_MAX,
    NAMESPACE,
    TEXT_CHARACTERS_MAX,
    Calls,
    Dropped,
    Kind,
    Message,
    Reason,
    read_message,
)

CALLS = Calls(
    {"ours.pay": {}, "ours.choose": {"amount": str}, "ours.ask": {"is_asked": bool}, "ours.save": {"form": dict},
     "ours.watch": {}},
    frozenset({"state.hydrate_and_load"}), frozenset({"ours.watch"}),
)  # fmt: skip
WHERE = {"pathname": "/topup/x/", "asPath": "/topup/x/?a=b", "query": {"a": "b"}}


def event(name: Any, payload: Any = None, router: Any = WHERE, **more: Any) -> str:
    return f"42{NAMESPACE},{json.dumps(['event', {'name': name, 'payload': payload, 'router_data': router, **more}])}"


def connect(content: Any) -> str:
    return f"40{NAMESPACE},{json.dumps(content)}"


def content_of(found: Message | Dropped) -> Any:
    assert isinstance(found, Message), found
    return json.loads(found.text.split(",", 1)[1])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("3", Kind.BEAT),
        ("1", Kind.LEAVE),
        (f"41{NAMESPACE},", Kind.LEAVE),
        (f"40{NAMESPACE},", Kind.CONNECT),
        (connect({}), Kind.CONNECT),
        (connect({"event": {"name": "state.hydrate_and_load", "payload": {"vars": None, "hashes": ["ab12"]},
                            "router_data": WHERE}, "state_schema": "abc123"}), Kind.CONNECT),
        (event("state.hydrate_and_load", {}), Kind.BOOT),
        (event("ours.watch", {}), Kind.BOOT),
        (event("ours.pay", {}), Kind.EVENT),
        (event("ours.pay", None, None), Kind.EVENT),
        (event("ours.choose", {"amount": "12"}), Kind.EVENT),
        (event("ours.ask", {"is_asked": False}), Kind.EVENT),
        (event("ours.save", {"form": {"name": "Ada", "cap": "3"}}), Kind.EVENT),
        (event("ours.save", {"form": {FORM_ENTRIES: [["name", "Ada"], ["cap", "3"]]}}), Kind.EVENT),
    ],
)  # fmt: skip
def test_what_pages_say_passes(text: str, kind: Kind) -> None:
    found = read_message(text, CALLS)
    assert isinstance(found, Message) and found.kind is kind


def test_what_passes_holds_nothing_but_what_is_needed() -> None:
    wanted = {"name": "ours.choose", "payload": {"amount": "1"}, "router_data": WHERE}
    told = event("ours.choose", {"amount": "1"}, {**WHERE, "headers": {"cookie": "x"}, "ip": "1.1.1.1"}, token="t")
    assert content_of(read_message(told, CALLS)) == ["event", wanted]
    booted = {"name": "state.hydrate_and_load", "payload": {"hashes": ["a"]}, "router_data": WHERE}
    opened = connect({"event": booted, "state_schema": "ab", "token": "t", "other": [1]})
    assert content_of(read_message(opened, CALLS)) == {"event": booted, "state_schema": "ab"}
    assert read_message(connect({"state_schema": "\x1b[2J"}), CALLS) == Message(Kind.CONNECT, f"40{NAMESPACE},")


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "2", "2probe", "5", "6", "7", "4", "40", "42", '42["event",{}]', "40/admin,{}", f"40{NAMESPACE}",
        '42/other,["event",{"name":"ours.pay"}]', f'45{NAMESPACE},1-["event"]', f'451-{NAMESPACE},["event",{{}}]',
        f'42{NAMESPACE},7["event",{{"name":"ours.pay"}}]', f'43{NAMESPACE},1[]', f"44{NAMESPACE},{{}}",
        f"42{NAMESPACE},", f"42{NAMESPACE},{{}}", f"42{NAMESPACE},[]", f'42{NAMESPACE},["event"]',
        f'42{NAMESPACE},["event",[],[]]', f'42{NAMESPACE},["event","ours.pay"]', f'42{NAMESPACE},["event",null]',
        f'42{NAMESPACE},["ping"]', f'42{NAMESPACE},["client_error",{{"message":"x"}}]',
        f'42{NAMESPACE},["connect",{{}}]',
        f'42{NAMESPACE},["disconnect",1]', f"40{NAMESPACE},[]", f"40{NAMESPACE},7", f"40{NAMESPACE},{{",
        f'42{NAMESPACE},["event",{"[" * 10_000}', f'42{NAMESPACE},["event",{{"name":"\\ud800"}}]',
        event("ours.pay", {}, []), event("ours.pay", {}, {"pathname": 7}), event("ours.pay", {}, {"query": [1]}),
        event("ours.pay", {}, {**WHERE, "query": {"a": {"b": "c"}}}), event("ours.pay", {}, {**WHERE, "asPath": "/\0"}),
        event("ours.pay", {}, {**WHERE, "asPath": "/" * 9_000}), event(7, {}), event(None), event(["ours.pay"]),
        event("ours.pay", {}, {**WHERE, "query": {str(number): "x" for number in range(FIELDS_MAX + 1)}}),
    ],
)  # fmt: skip
def test_what_no_page_says_is_dropped(text: str) -> None:
    found = read_message(text, CALLS)
    assert isinstance(found, Dropped) and found.reason is Reason.SHAPE


@pytest.mark.parametrize(
    "name",
    ["state.handle_frontend_exception", "state.hydrate", "state.set_is_hydrated", "state.setvar", "ours.pay ", "ours",
     "state.update_vars_internal", "ours._pay", "", "x" * 5_000],
)  # fmt: skip
@pytest.mark.parametrize("payload", [{}, {"info": '", ' * 1_000, "component_stack": ""}, {"vars": {"a": 1}}])
def test_nothing_but_what_is_on_the_list_can_be_called(name: str, payload: dict[str, Any]) -> None:
    for text in (event(name, payload), connect({"event": {"name": name, "payload": payload}})):
        found = read_message(text, CALLS)
        assert isinstance(found, Dropped) and found.reason is Reason.HANDLER


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("ours.pay", {"amount": "1"}), ("ours.pay", []), ("ours.pay", "x"), ("ours.choose", {}),
        ("ours.choose", {"amount": 1}), ("ours.choose", {"amount": None}), ("ours.choose", {"amount": ["1"]}),
        ("ours.choose", {"amount": {"a": "b"}}), ("ours.choose", {"amount": "1", "self": "x"}),
        ("ours.choose", {"amount": "1\0"}), ("ours.choose", {"amount": "x" * (TEXT_CHARACTERS_MAX + 1)}),
        ("ours.ask", {"is_asked": 1}), ("ours.ask", {"is_asked": "true"}),
        ("ours.save", {"form": []}), ("ours.save", {"form": {"name": 7}}),
        ("ours.save", {"form": {"name": {"a": "b"}}}),
        ("ours.save", {"form": {str(number): "x" for number in range(FORM_FIELDS_MAX + 1)}}),
        ("ours.save", {"form": {FORM_ENTRIES: "x"}}), ("ours.save", {"form": {FORM_ENTRIES: [["a"]]}}),
        ("ours.save", {"form": {FORM_ENTRIES: [["a", 1]]}}), ("ours.save", {"form": {FORM_ENTRIES: [], "a": "b"}}),
        ("ours.save", {"form": {FORM_ENTRIES: [["a", "b"]] * (FORM_FIELDS_MAX + 1)}}),
        ("state.hydrate_and_load", {"vars": {"state.x": 1}}), ("state.hydrate_and_load", {"hashes": "x"}),
        ("state.hydrate_and_load", {"hashes": [1]}), ("state.hydrate_and_load", {"hashes": ["x"] * (HASHES_MAX + 1)}),
        ("state.hydrate_and_load", {"hashes": ["x" * 65]}), ("state.hydrate_and_load", {"other": 1}),
    ],
)  # fmt: skip
def test_arguments_that_a_handler_does_not_take_are_dropped(name: str, payload: Any) -> None:
    found = read_message(event(name, payload), CALLS)
    assert isinstance(found, Dropped) and found.reason in (Reason.ARGUMENTS, Reason.SHAPE)


@pytest.mark.parametrize("letter", ["x", "\u00fc", "\u6c34"])
def test_a_message_is_bounded_in_bytes(letter: str) -> None:
    for count in (40_000 // len(letter.encode()), 1_000_000):
        told = f'42{NAMESPACE},["event",{{"name":"ours.choose","payload":{{"amount":"{letter * count}"}}}}]'
        found = read_message(told, CALLS)
        assert isinstance(found, Dropped) and found.reason is Reason.SIZE and len(told.encode()) > MESSAGE_BYTES_MAX
