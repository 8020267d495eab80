"""Reads parameters as Stripe does: nested by brackets, typed, and refused where Stripe does not know them.

What Stripe knows is taken from the SDK's own `stripe.params`, which are made from Stripe's OpenAPI document.
"""

import re
import sys
import typing
from collections.abc import Iterable
from functools import cache
from types import UnionType
from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl

import typing_extensions
from stripe._request_options import RequestOptions

from tests.emulators.stripe.errors import Refused

NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
METADATA_KEYS_MAX, METADATA_NAME_MAX, METADATA_VALUE_MAX = 50, 40, 500
TEXT_MAX = 5_000


def read(text: str) -> dict[str, Any]:
    """Returns what a form or a query says, nested; values are text, lists are dicts of positions."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        match = NAME.fullmatch(name)
        if match is None:
            raise Refused(400, f"Invalid request parameter name: {name}", param=name)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        inner: Any = found
        for step in path[:-1]:
            inner = inner.setdefault(step or str(len(inner)), {})
            if not isinstance(inner, dict):
                raise Refused(400, f"Invalid request: {name} is both a value and an object.", param=name)
        inner[path[-1] or str(len(inner))] = value
    return found


def check(given: dict[str, Any], shape: type | None) -> dict[str, Any]:
    """Returns the parameters with their types. Raises Refused as Stripe words it.

    `shape` is the operation's class of `stripe.params`; None takes nothing.
    """
    if shape is None:
        if given:
            raise _unknown(next(iter(given)))
        return {}
    return _object(given, shape, "")


@cache
def _hints(shape: type) -> dict[str, Any]:
    """What a class of `stripe.params` takes, without the options of a request."""
    options = vars(sys.modules[RequestOptions.__module__])
    names = {"StripeContext": object, **options, **vars(sys.modules[shape.__module__])}
    hints = typing.get_type_hints(shape, globalns=names)
    return {name: hint for name, hint in hints.items() if name not in RequestOptions.__annotations__}


def _unknown(name: str) -> Refused:
    return Refused(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def _object(given: dict[str, Any], shape: type, prefix: str) -> dict[str, Any]:
    hints = _hints(shape)
    for name in given:
        if name not in hints:
            raise _unknown(_join(prefix, name))
    required: Iterable[str] = getattr(shape, "__required_keys__", ())
    for name in sorted(set(required) - set(given) - set(RequestOptions.__annotations__)):
        where = _join(prefix, name)
        raise Refused(400, f"Missing required param: {where}.", code="parameter_missing", param=where)
    return {name: _value(value, hints[name], _join(prefix, name)) for name, value in given.items()}


def _join(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _options(hint: Any) -> list[Any]:
    """The alternatives of a type, flat."""
    if get_origin(hint) in (typing.Union, UnionType):
        return [option for part in get_args(hint) for option in _options(part)]
    return [hint]


def _value(value: Any, hint: Any, where: str) -> Any:
    options = _options(hint)
    if isinstance(value, dict):
        return _nested(value, options, where)
    words = {word for option in options if get_origin(option) is Literal for word in get_args(option)}
    if value in words:
        return value
    if bool in options and value in ("true", "false"):
        return value == "true"
    if int in options and re.fullmatch(r"-?\d+", value):
        return int(value)
    if float in options and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value)
    if str in options and not words - {""}:
        return _text(value, where)
    raise _wrong(value, options, sorted(words - {""}), where)


def _text(value: str, where: str) -> str:
    if not value:
        message = (
            f"You passed an empty string for '{where}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{where}' cannot be unset. You should remove '{where}' from your request or supply a non-empty "
            "value."
        )
        raise Refused(400, message, code="parameter_invalid_empty", param=where)
    if len(value) > TEXT_MAX:
        raise Refused(400, f"Invalid string: {where} must be at most {TEXT_MAX} characters", param=where)
    return value


def _wrong(value: str, options: list[Any], words: list[str], where: str) -> Refused:
    if words:
        listed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])}, or {words[-1]}"
        return Refused(400, f"Invalid {where}: must be one of {listed}", param=where)
    if int in options:
        return Refused(400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=where)
    if bool in options:
        return Refused(400, f"Invalid boolean: {value}", param=where)
    kind = "array" if any(get_origin(option) is list for option in options) else "object"
    return Refused(400, f"Invalid {kind}", param=where)


def _nested(value: dict[str, Any], options: list[Any], where: str) -> Any:
    for option in options:
        if get_origin(option) is list:
            return [_value(item, get_args(option)[0], f"{where}[{at}]") for at, item in value.items()]
    for option in options:
        if typing_extensions.is_typeddict(option):
            return _object(value, option, where)
    if any(get_origin(option) is dict for option in options):
        return _texts(value, where)
    raise Refused(400, f"Invalid string: {value}", param=where)


def _texts(value: dict[str, Any], where: str) -> dict[str, str]:
    """Metadata: names and texts of our own, bounded."""
    if len(value) > METADATA_KEYS_MAX:
        raise Refused(400, f"Metadata can have up to {METADATA_KEYS_MAX} keys", param=where)
    for name, text in value.items():
        if not isinstance(text, str):
            raise Refused(400, f"Invalid string: {text}", param=f"{where}[{name}]")
        if len(name) > METADATA_NAME_MAX:
            raise Refused(400, f"Metadata key names can be up to {METADATA_NAME_MAX} characters: {name}", param=where)
        if len(text) > METADATA_VALUE_MAX:
            raise Refused(400, f"Metadata values can have up to {METADATA_VALUE_MAX} characters", param=where)
    return dict(value)
