"""The desk of the help, one for each wiring: what it knows of the API comes from whoever serves the API."""

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.flows.help.desk import HelpDesk, HelpModel, learn
from app.wiring.process import Wiring, get

Document = Callable[[], Mapping[str, Any]]
_desks: WeakKeyDictionary[Wiring, HelpDesk] = WeakKeyDictionary()
_document: Document = dict


def know(document: Document) -> None:
    """Takes what returns the OpenAPI document of the API that this process serves."""
    global _document
    _document = document


def desk() -> HelpDesk:
    """Returns the desk of this process."""
    wired = get()
    found = _desks.get(wired)
    if found is None:
        found = _desks[wired] = HelpDesk(lambda: learn(_document()), wired.links.base_url, _model_of(wired))
    return found


def _model_of(wired: Wiring) -> HelpModel | None:
    """Returns the model that the operator chose, behind the same guarded way out as every provider."""
    if not wired.settings.has_help_model:
        return None
    provider, target = wired.providers.reach(ProviderSetting(BUILT_IN), None)
    return HelpModel(provider, target, wired.settings.help_model)
