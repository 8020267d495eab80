"""What the page of providers remembers: the open form, what is asked, what came of a trial. No key ever comes here."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.domain.paywalls.members import Manager
from app.flows.paywalls.change import Part, change
from app.flows.paywalls.provider import Leaving
from app.flows.providers.trial import try_answer
from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.provider.rows import ProviderRow, ProvidersPage, TrialView, read_page, trial_view

NAME_MAX = 60
_SAID = {"untried": "Saved. Nobody answered there yet: test it, and its models are offered once it was saved again."}


class ProviderState(PaywallState, rx.State):
    """One open page of a paywall's providers."""

    page: ProvidersPage = ProvidersPage()
    form: ProviderRow = ProviderRow()
    """What stands in the open form at first."""
    form_kind: str = ""
    """`add`, `change` or `rotate` while a form is open."""
    form_version: int = 0
    asking: str = ""
    error: str = ""
    said: str = ""
    trying: str = ""
    trial: TrialView = TrialView()

    def _work(self) -> Work:
        return lambda session, manager: {"page": read_page(session, manager)}

    @rx.event
    async def open_form(self, kind: str, name: str) -> EventSpec | None:
        """Opens the form for a new provider, for another address, or for another key; or closes it."""
        if await self._managing() is None:
            return self._leave()
        found = next((row for row in self.page.rows if row.name == name[:NAME_MAX]), ProviderRow())
        self.form_kind = kind if kind in ("add", "change", "rotate") else ""
        self.form, self.form_version = found, self.paywall.version
        self.asking, self.error, self.said = "", "", ""
        return None

    @rx.event
    async def saved(self, said: str) -> EventSpec | None:
        """Says what our route answered to a form, and shows what was saved."""
        if await self._managing() is None:
            return self._leave()
        kind, *counts = said[:60].split(" ")
        self.form_kind, self.said = "", _SAID.get(kind, "Saved. The next request goes there.")
        if kind == "rotated":
            self.said = "The key was changed. Requests that run end with the old one: revoke that at the provider then."
        elif len(counts) == 2 and all(count.isdecimal() for count in counts):
            priced, unpriced = (f"{int(count):,}" for count in counts)
            self.said = f"Saved. It lists {priced} models with a price, and {unpriced} that need one first."
            if kind == "doubted":
                self.said += " None of them answered, so its key is not proved: test it."
        await self._show_again()
        return None

    @rx.event
    async def ask(self, name: str) -> EventSpec | None:
        """Asks once before a provider is taken off; without a name it no longer asks."""
        if await self._managing() is None:
            return self._leave()
        self.asking, self.error = name[:NAME_MAX], ""
        return None

    @rx.event
    async def take_off(self, name: str) -> EventSpec | None:
        """Takes a provider off, with the models that it serves."""
        parts = wiring.get().parts
        return await self._change(parts.leaving, Leaving(name[:NAME_MAX], with_models=True), "It serves nothing more.")

    @rx.event
    async def make_default(self, name: str) -> EventSpec | None:
        """Makes a provider the one that serves models for which nobody is named."""
        return await self._change(
            wiring.get().parts.default_provider, name[:NAME_MAX],
            "It is the default now. Each model stays where it is served.",
        )  # fmt: skip

    @rx.event(background=True)
    async def try_it(self, name: str) -> AsyncIterator[EventSpec | None]:
        """Asks a provider for a short answer, as the next request would."""
        async with self:
            manager = await self._managing()
            if manager is None or self.trying:
                leave = self._leave() if manager is None else None
                yield leave
                return
            self.trying, self.trial, self.error = name[:NAME_MAX], TrialView(), ""
        shown: Mapping[str, Any]
        try:
            shown = {"trial": trial_view(name[:NAME_MAX], await try_answer(wiring.get().providers, manager, name))}
        except CoinslotError as error:
            shown = {"error": error.message}
        async with self:
            self.trying = ""
            self._put(shown)

    async def _change(self, part: Part[Any, Any], values: object, said: str) -> EventSpec | None:
        manager: Manager | None = await self._managing()
        if manager is None:
            return self._leave()
        self.asking, self.error, self.said = "", "", ""
        try:
            await change(manager, part, values, self.paywall.version)
        except CoinslotError as error:
            self.error = error.message
        else:
            self.said = said
        await self._show_again()
        return None
