"""The form of one model's price on an open page: an own price kind by kind, the list's, or off."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app.domain.pricing.list_price import TIERS_MAX
from app.domain.pricing.own_price import price_of
from app.flows.paywalls.prices import Place, PriceDesk
from app.flows.pricing.drafts import Followed, Own, Planned, Step, TakenOff, without
from app.web.developer.prices import words
from app.web.developer.prices.draft_state import NAME_MAX, PricesDraft
from app.web.developer.prices.rows import base_of, read_editor

TYPED_MAX = 60


class PriceEditor(PricesDraft, mixin=True):
    """The open form. What is typed stands in the browser's own fields until it is kept."""

    editor_kind: str = ""
    editor_steps: int = 0
    _chat_model: str = ""

    @rx.event
    async def edit(self, model: str) -> EventSpec | None:
        """Opens the form of one model's price, or closes it."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        self.editor = await self._with_draft(
            manager, lambda desk, planned: read_editor(desk, planned, model[:NAME_MAX])
        )
        self.editor_kind, self.editor_steps, self.problems = self.editor.kind, self.editor.steps, {}
        if self.editor.model:
            self._chat_model = self.editor.model
        await self._show_again()
        return None

    @rx.event
    async def choose_kind(self, kind: str) -> EventSpec | None:
        """Says whether the open model has an own price, follows the list, or is off."""
        if await self._managing() is None:
            return self._leave()
        if kind in ("own", "list", "off"):
            self.editor_kind = kind
        return None

    @rx.event
    async def add_step(self) -> EventSpec | None:
        """Adds a step for long prompts to the open form."""
        if await self._managing() is None:
            return self._leave()
        self.editor_steps = min(self.editor_steps + 1, TIERS_MAX)
        return None

    @rx.event
    async def keep(self, form: dict[str, Any]) -> EventSpec | None:
        """Puts the open form into the draft; what cannot be is said beside its field."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        model, kind = self.editor.model, self.editor_kind
        typed = {name: str(value)[:TYPED_MAX] for name, value in form.items()}
        place = Place(model, str(form.get("provider", ""))[:TYPED_MAX] or None,
                      str(form.get("upstream", ""))[:NAME_MAX].strip() or model)  # fmt: skip
        made, self.problems = await self._with_draft(
            manager, lambda desk, planned: _step(desk, planned, kind, place, typed)
        )
        if made is None:
            return None
        steps = (*without(self._steps, model), made)
        refused = await self._with_steps(manager, steps, lambda _, planned: planned.refused.get(model))
        if refused is not None:
            self.problems = {(refused.field or "").removesuffix("_nanos"): words.refusal(refused)}
            return None
        await self._take(steps, closing=True)
        return None


def _step(
    desk: PriceDesk, planned: Planned, kind: str, place: Place, typed: Mapping[str, str]
) -> tuple[Step | None, dict[str, str]]:
    """Returns what the form asks for, None where something is wrong, with what it is by field."""
    if place.model not in desk.latest:
        return None, {}
    if kind == "off":
        return TakenOff((place.model,)), {}
    if kind == "list":
        return Followed((place.model,), place.provider, place.upstream_model), {}
    own, problems = price_of(typed, base_of(desk, planned, place.model))
    if own is None:
        return (None if problems else TakenOff((place.model,))), problems
    return Own(replace(own, provider=place.provider, upstream_model=place.upstream_model)), {}
