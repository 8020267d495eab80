"""How the outside looks to an operator: rails, endpoints and providers with what is wrong, then what waits."""

import reflex as rx

from app.web.operator.connections.state import ConnectionsState
from app.web.operator.frame.layout import operator_page
from app.web.operator.frame.lines import listed

_state = ConnectionsState


def connections() -> rx.Component:
    """Returns the page of whom this instance calls, and who calls it."""
    page = _state.page
    return operator_page(
        "Connections", "Where something is wrong it says since when, and what to do.", _state,
        listed("Rails", page.rails, "No rail is connected", "Top-ups of the sandbox need none."),
        listed("Webhooks that fail", page.webhooks, "No webhook fails", "Those that do stand here."),
        listed("Providers that refuse their key", page.providers, "No provider refuses",
               "One that does would stand here; its users get 502 until the key is mended."),
        listed("Models that are left alone", page.breakers, "No model is left alone",
               "A model that fails three times in a row is passed by for half a minute."),
        listed("Waiting", page.waiting, "Nothing waits", ""),
    )  # fmt: skip
