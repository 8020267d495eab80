"""What the wizard remembers: the step that is shown and what was typed. Keys never come here: the browser posts them.

What was typed stands in variables of its own, which no reading writes once they were filled.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.drafts import drafts
from app.domain.drafts.drafts import Draft
from app.domain.errors import BadField, CoinslotError, NotFound
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject
from app.flows.drafts import steps
from app.flows.drafts.steps import ChosenPrices
from app.flows.drafts.typed import read_amount, read_markup
from app.web.developer.wizard.finish_rows import FinishPage, read_finish
from app.web.developer.wizard.rows import PricesPart, WizardPage, read_prices, with_problem, wizard_page
from app.web.developer.wizard.words import STEPS
from app.web.frame import routes
from app.web.frame.live import LivePage
from app.web.frame.session_state import Read, Reader, Subjects, VisitorState, for_a_person
from app.wiring.drafting import doors_of
from app.wiring.rules import creators_of

TYPED_CHARACTERS_MAX = 80
NAME_FIELD = "app-name"
_CHOICES = {"way": ("default", "shared"), "environment": ("sandbox", "live"), "provider": ("demo", "built-in", "own")}


class WizardState(VisitorState, rx.State):
    """One open wizard."""

    page: WizardPage = WizardPage()
    finish: FinishPage = FinishPage()
    prices: PricesPart = PricesPart()
    step: int = 0
    app_name: str = ""
    way: str = "default"
    environment: str = "sandbox"
    provider: str = ""
    markup: str = ""
    fee: str = ""
    minimum: str = ""
    field: str = ""
    error: str = ""
    language: str = "python"
    is_asking: bool = False
    _is_filled: bool = False

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the draft, or what came to the paywall that it became."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _reader(self, person: Person) -> Read:
        made = self.router.url.query_parameters.get("made", "")[:64]

        def read(session: db.Session) -> dict[str, Any]:
            if made:
                draft = drafts.read_own(session, person.account_id, made)
                return {"page": WizardPage(id=draft.paywall_id), "finish": read_finish(session, draft)}
            if not creators_of(wiring.get().settings).have(person):
                raise NotFound("Not everybody makes paywalls here, and this sign-in may not. Ask the operator.")
            found = drafts.find_open(session, person.account_id)
            return {"page": wizard_page(found), "finish": FinishPage(), "prices": _prices_of(session, found)}

        return read

    async def _look(self, page: LivePage, reader: Reader, subjects: Subjects) -> Person | None:
        """Reads the page once; one that waits for its first request is read again when help is due."""
        person: Person | None = await super()._look(page, reader, subjects)
        async with self:
            waits = self.finish.waits_seconds
        if waits:
            page.read_again_in(waits)
        return person

    def _show(self, person: Person | None, values: Mapping[str, Any]) -> None:
        super()._show(person, values if not self._is_filled else {**values, "prices": self.prices})
        if not self._is_filled:
            self._fill()

    def _fill(self) -> None:
        """Puts into the fields what was chosen before, once."""
        page, self._is_filled = self.page, True
        self.app_name, self.way, self.environment = page.app_name, page.mode, page.environment
        self.provider = _offered(page)
        self.markup, self.fee, self.minimum = page.markup, page.fee, page.minimum
        self.step = page.reached

    @rx.event
    async def choose(self, name: str, value: str) -> EventSpec | None:
        """Chooses mode, environment or kind of provider; nothing is kept before the button is pressed."""
        if await self._signed_in() is None:
            return self._leave()
        if value in _CHOICES.get(name, ()):
            setattr(self, name, value)
            self.field = self.error = ""
        return None

    @rx.event
    async def type_name(self, value: str) -> EventSpec | None:
        """Takes the app's name as it is typed."""
        if await self._signed_in() is None:
            return self._leave()
        self.app_name, self.field, self.error = value[:TYPED_CHARACTERS_MAX], "", ""
        return None

    @rx.event
    async def keep_mode(self) -> EventSpec | None:
        """Keeps the first step, and goes to the next."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            await steps.choose_mode(doors_of(wiring.get()), person, self.app_name, self.way, self.environment)
        except CoinslotError as error:
            self.field, self.error = getattr(error, "field", None) or "app_name", error.message
            # The button stands two screens beneath the field.
            return rx.set_focus(NAME_FIELD) if self.field == "app_name" else None
        await self._read_anew(person)
        self.provider = _offered(self.page)
        self.step = STEPS.index("Provider")
        return None

    @rx.event
    async def go(self, step: int) -> EventSpec | None:
        """Shows another step that is open; nothing leads back from the last."""
        if await self._signed_in() is None:
            return self._leave()
        if 0 <= step <= self.page.reached and not self.finish.id:
            self.step, self.field, self.error = step, "", ""
        return None

    @rx.event
    async def kept(self, step: int) -> EventSpec | None:
        """Shows what the browser has posted, and goes to a step that is open by that."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        await self._read_anew(person)
        self.step = max(0, min(step, self.page.reached))
        return None

    @rx.event
    async def type_price(self, name: str, value: str) -> EventSpec | None:
        """Takes markup, fee or minimum as they are typed, and shows what they mean; what is right is kept."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        if name not in ("markup", "fee", "minimum"):
            return None
        setattr(self, name, value[:20])
        try:
            chosen = ChosenPrices(read_markup(self.markup),
                                  read_amount(self.fee, "request_nanos"),
                                  read_amount(self.minimum, "minimum_nanos"))  # fmt: skip
        except BadField as error:
            self.prices = with_problem(self.prices, error)
            return None
        draft = await db.in_transaction(lambda session: drafts.find_open(session, person.account_id))
        if draft is None:
            return None
        plan = draft.plan
        self.prices = await db.in_transaction(lambda session: read_prices(session, plan, chosen))
        if not self.prices.problem:
            try:
                await steps.choose_prices(doors_of(wiring.get()), person, chosen)
            except CoinslotError as error:
                self.error = error.message
        return None

    @rx.event
    async def made(self) -> EventSpec | None:
        """Shows the last step of the paywall that was just made; whether it was, its reading asks."""
        if await self._signed_in() is None:
            return self._leave()
        return rx.redirect(f"{routes.NEW_PAYWALL}/?made={self.page.id}", replace=True)

    @rx.event
    async def speak(self, language: str) -> EventSpec | None:
        """Shows the snippet in another language."""
        if await self._signed_in() is None:
            return self._leave()
        if language in ("python", "javascript", "curl"):
            self.language = language
        return None

    @rx.event
    async def ask(self) -> EventSpec | None:
        """Asks once whether everything shall be forgotten, or no longer asks."""
        if await self._signed_in() is None:
            return self._leave()
        self.is_asking = not self.is_asking
        return None

    @rx.event
    async def start_over(self) -> EventSpec | None:
        """Forgets the draft."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            await steps.start_over(person, self.page.id)
        except CoinslotError as error:
            self.error = error.message
        self._is_filled, self.is_asking, self.step = False, False, 0
        await self._read_anew(person)
        return None

    async def _read_anew(self, person: Person) -> None:
        """Shows at once what was kept."""
        values = await db.in_transaction(self._reader(person))
        self._put(values)
        if not self._is_filled:
            self._fill()


def _offered(page: WizardPage) -> str:
    """Returns the kind of provider that was chosen, or is offered first."""
    return page.provider or ("demo" if page.has_demo else "built-in" if page.may_use_built_in else "own")


def _prices_of(session: db.Session, draft: Draft | None) -> PricesPart:
    if draft is None or draft.plan.provider is None:
        return PricesPart()
    plan = draft.plan
    chosen = ChosenPrices(plan.markup_basis_points, plan.request_nanos, plan.minimum_nanos)
    return read_prices(session, plan, chosen)


def _subjects(_person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The draft, and what came to its paywall."""
    return [Subject(About.ARRIVALS, values["page"].id)] if values["page"].id else []
