"""What a browser may call: the handlers of our own states, and the two by which Reflex opens a page.

The list is made of what stands in `app.web`, so a new page needs no line here, and a new handler of the framework
none either: nobody can call it.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, get_origin, get_type_hints

from reflex.state import OnLoadInternalState, State
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler

OURS = "app.web."
_KINDS = (str, bool, int, dict)


def handlers() -> Mapping[str, Mapping[str, type]]:
    """Returns the full name of each handler of ours, with the kinds of its arguments by name.

    Raises TypeError for an argument of another kind than a browser may send: str, bool, int, dict.
    """
    found = {on_load(): dict[str, type]()}
    for name, registered in RegistrationContext.ensure_context().event_handlers.items():
        function: Any = registered.handler.fn
        if function.__module__.startswith(OURS) and all(_is_ours(state) for state in registered.states):
            found[name] = _kinds(name, function)
    return found


def boots() -> frozenset[str]:
    """Returns the name of the handler by which a page opens."""
    return frozenset({format_event_handler(State.event_handlers["hydrate_and_load"])})


def on_load() -> str:
    """Returns the name of the handler by which a page that is open goes to another address."""
    return format_event_handler(OnLoadInternalState.event_handlers["on_load_internal"])


def openers(on_loads: Iterable[Any]) -> frozenset[str]:
    """Returns the names of the handlers that read a whole page, `on_loads` among them."""
    return frozenset({on_load(), *(format_event_handler(handler) for handler in on_loads if handler is not None)})


def _is_ours(state: type) -> bool:
    return state.__module__.startswith(OURS)


def _kinds(name: str, function: Any) -> dict[str, type]:
    hints = get_type_hints(function)
    kinds = {
        argument: get_origin(hints[argument]) or hints[argument]
        for argument in inspect.signature(function).parameters
        if argument != "self"
    }
    if unknown := [argument for argument, kind in kinds.items() if kind not in _KINDS]:
        raise TypeError(f"{name}: a browser cannot send {', '.join(unknown)} as annotated.")
    return kinds
