"""What the page of catalogue remembers: nothing of its own; what was looked for stands in the address."""

import reflex as rx

from app.web.operator.catalogue.rows import CataloguePage, read_catalogue_page
from app.web.operator.frame.state import OperatorState, Work


class CatalogueState(OperatorState, rx.State):
    """One open page of catalogue."""

    page: CataloguePage = CataloguePage()

    def _work(self) -> Work:
        words = self._words()
        return lambda session: {"page": read_catalogue_page(session, words)}
