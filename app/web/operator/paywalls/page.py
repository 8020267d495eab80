"""How paywalls look to an operator: the newest, or those that they look for."""

import reflex as rx

from app.web.operator.frame.layout import operator_page
from app.web.operator.frame.lines import listed, search
from app.web.operator.paywalls.state import PaywallsState

_state = PaywallsState


def all_paywalls() -> rx.Component:
    """Returns the page of all paywalls of this instance."""
    page = _state.page
    head = search(page.words, "Id, or owner's e-mail address")
    found = listed("Paywalls", page.rows, "No such paywall", "Write the whole id, or its owner's whole address.", head)
    lead = "The newest 50. On its own pages you look on, archive it, or hand it over."
    return operator_page("Paywalls", lead, _state, found)
