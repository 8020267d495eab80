"""How the catalogue looks to an operator: the models that are listed, and where our cost differs from a provider's."""

import reflex as rx

from app.web.operator.catalogue.state import CatalogueState
from app.web.operator.frame.layout import operator_page
from app.web.operator.frame.lines import listed, search

_state = CatalogueState


def catalogue() -> rx.Component:
    """Returns the page of models and prices."""
    page = _state.page
    head = search(page.words, "Part of a model's name")
    models = listed("Models", page.models, "No such model", "The job sync-catalogue reads the list every hour.", head)
    drifts = listed("Price drift", page.drifts, "Nothing to compare yet",
                    "Providers that say what a request cost are compared with our prices, day by day.")  # fmt: skip
    return operator_page("Catalogue", page.lead, _state, drifts, models)
