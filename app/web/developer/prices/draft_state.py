"""The draft of prices on an open page: steps that are kept, what all matches of a search shall cost, publishing.

The draft is a few steps, kept on this side of the socket; what it comes to is computed anew with each reading.
"""

from collections.abc import Callable
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import BadField
from app.domain.paywalls.members import Manager
from app.domain.pricing.own_price import RAISE_MAX, RAISE_MIN, parse_percent
from app.domain.pricing.price_book import MARKUP_BASIS_POINTS_MAX
from app.flows.paywalls.change import Changed, change
from app.flows.paywalls.prices import PriceDesk
from app.flows.pricing.drafts import Followed, Marked, Planned, Raised, Step, TakenOff, check_size, without
from app.flows.pricing.kept import BOOKS, PLANS
from app.flows.pricing.sheet import Query, Show, matching
from app.web.developer.prices.rows import EditorView, PricesPage
from app.web.developer.publishing.state import PublishingState

WORDS_MAX = 100
NAME_MAX = 200


class PricesDraft(PublishingState, mixin=True):
    """The draft of an open page of prices."""

    page: PricesPage = PricesPage()
    editor: EditorView = EditorView()
    problems: dict[str, str] = {}
    """What is wrong with what was typed, by field."""
    bulk_action: str = "raise"
    asking: str = ""
    """What is asked once: `discard`, `publish`, or nothing."""
    _steps: tuple[Step, ...] = ()

    def _is_dirty(self) -> bool:
        return bool(self._steps) or self.editor.model != ""

    def _query(self) -> Query:
        asked = self.router.url.query_parameters
        show, page = asked.get("show", ""), asked.get("page", "1")
        return Query(
            asked.get("q", "")[:WORDS_MAX],
            Show(show) if show in list(Show) else Show.ALL,
            int(page) if page.isdecimal() and page.isascii() and len(page) < 6 else 1,
        )

    @rx.event
    async def mark_up(self, form: dict[str, Any]) -> EventSpec | None:
        """Drafts another markup for all that follow the list."""
        if await self._managing() is None:
            return self._leave()
        try:
            points = parse_percent(str(form.get("markup", ""))[:20], "markup", 0, MARKUP_BASIS_POINTS_MAX)
        except BadField as error:
            self.problems = {"markup": error.message}
            return None
        others = tuple(step for step in self._steps if not isinstance(step, Marked))
        await self._take((*others, Marked(points)), closing=False)
        return None

    @rx.event
    async def choose_bulk(self, action: str) -> EventSpec | None:
        """Says what shall be done with all that were found."""
        if await self._managing() is None:
            return self._leave()
        if action in ("raise", "list", "off"):
            self.bulk_action, self.problems = action, {}
        return None

    @rx.event
    async def change_all(self, form: dict[str, Any]) -> EventSpec | None:
        """Drafts a change of everything that the search finds, over all its pages."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        query = self._query()
        models = await self._with_draft(manager, lambda desk, planned: matching(desk, planned, query))
        step: Step = Followed(models) if self.bulk_action == "list" else TakenOff(models)
        try:
            if self.bulk_action == "raise":
                step = Raised(models, parse_percent(str(form.get("percent", ""))[:20], "percent", RAISE_MIN, RAISE_MAX))
            check_size((*self._steps, step))
        except BadField as error:
            self.problems = {"percent": error.message}
            return None
        self.is_reviewing = True
        await self._take((*self._steps, step), closing=False)
        return None

    @rx.event
    async def drop(self, model: str) -> EventSpec | None:
        """Takes one model out of the draft."""
        if await self._managing() is None:
            return self._leave()
        await self._take(without(self._steps, model[:NAME_MAX]), closing=False)
        return None

    @rx.event
    async def leave_out(self) -> EventSpec | None:
        """Takes everything that cannot be out of the draft."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        steps = self._steps
        for model in await self._with_draft(manager, lambda _, planned: list(planned.refused)):
            steps = without(steps, model)
        await self._take(steps, closing=False)
        return None

    @rx.event
    async def discard(self) -> EventSpec | None:
        """Asks once, and then forgets the draft."""
        if await self._managing() is None:
            return self._leave()
        if self.asking != "discard":
            self.asking = "discard"
            return None
        self.is_reviewing = False
        await self._take((), closing=True)
        return None

    @rx.event
    async def keep_on(self) -> EventSpec | None:
        """No longer asks."""
        if await self._managing() is None:
            return self._leave()
        self.asking = ""
        return None

    @rx.event
    async def publish(self) -> EventSpec | None:
        """Publishes the draft as one version; a change of ten times or more asks once."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        planned = await self._with_draft(manager, lambda _, planned: planned)
        if planned.refused or planned.is_empty:
            return None
        if self.page.draft.ask and self.asking != "publish":
            self.asking = "publish"
            return None

        async def publishing() -> Changed[None]:
            return await change(manager, wiring.get().parts.prices, planned.prices, self.read_version)

        self.asking = ""
        await self._publish(publishing)
        if not self.publish_error and self.published:
            self._steps, self.editor = (), EditorView()
        await self._show_again()
        return None

    async def _take(self, steps: tuple[Step, ...], *, closing: bool) -> None:
        self._steps, self.problems, self.asking, self.publish_error, self.published = steps, {}, "", "", 0
        if closing:
            self.editor = EditorView()
        await self._show_again()

    async def _with_draft(self, manager: Manager, ask: Callable[[PriceDesk, Planned], Any]) -> Any:
        return await self._with_steps(manager, self._steps, ask)

    async def _with_steps(
        self, manager: Manager, steps: tuple[Step, ...], ask: Callable[[PriceDesk, Planned], Any]
    ) -> Any:
        """Asks something of the paywall's prices and of what a draft of them comes to."""

        def read(session: db.Session) -> Any:
            desk = read_desk(session, manager)
            return ask(desk, PLANS.plan(desk, steps))

        return await db.in_transaction(read)


def read_desk(session: db.Session, manager: Manager) -> PriceDesk:
    """Returns what prices are made from, as they stand now."""
    return BOOKS.desk(session, manager.paywall_id, wiring.get().parts.rules)
