"""Asks the legs of a plan one after the other until one begins to answer: one attempt each, all within one deadline.

The next leg is asked where the one before failed in a way that another may not (`app/domain/routing/outcomes.py`), and
only up to the first word of an answer. A leg whose breaker is open is passed by. The hold, which is large enough for
any of them, stays until the last has failed.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson
import structlog

from app.domain import clock
from app.domain.errors import AllRoutesOpen, CoinslotError, ProviderFailed
from app.domain.legs.legs import Source
from app.domain.legs.tables import LegStatus
from app.domain.money import NANOS, format_fraction
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import BASIS_POINTS
from app.domain.routing.outcomes import CONTENT_FILTER, Outcome, OverTime, outcome_of, reason_of, status_of
from app.domain.usage.requests import CLIENT_GONE
from app.domain.usage.tables import RequestMode
from app.each_alone import alone
from app.flows.chat.call import Run
from app.flows.chat.hold import Holds
from app.flows.chat.leg import Legs
from app.flows.modes.begun import begun_stream, begun_whole
from app.flows.modes.members import source_of_legs
from app.flows.modes.mesh_plan import Plan, Planned
from app.flows.providers.attempt import CIRCUIT_OPEN, Attempt
from app.flows.providers.attempt import Attempts as OfRequest
from app.formats.account.chat import ROUTE

log = structlog.get_logger()

LEFT_FOR_OTHERS = 2
"""A leg may take half of the time that is left, the last one all of it."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A leg that was asked or passed by, and what came of it."""

    place: int
    model: str
    status: LegStatus
    reason: str | None = None
    status_code: int | None = None
    milliseconds: int | None = None
    source: Source | None = None

    def said(self) -> dict[str, Any]:
        """Returns it as clients read it."""
        beside = {"reason": self.reason, "status_code": self.status_code, "latency_ms": self.milliseconds,
                  "billing_source": self.source}  # fmt: skip
        known = {name: value for name, value in beside.items() if value is not None}
        return {"leg": self.place, "model": self.model, "status": self.status.value, **known}


class Attempts:
    """Asks for one process; `seconds_max` is the deadline of all attempts of one request."""

    def __init__(self, legs: Legs, holds: Holds, seconds_max: float) -> None:
        self.legs, self.holds, self.breakers, self.seconds_max = legs, holds, legs.breakers, seconds_max

    def route(self, plan: Plan) -> "PlannedRoute":
        """Returns a plan as a request follows it."""
        return PlannedRoute(self, plan)


class PlannedRoute:
    """The legs of one request, asked once."""

    def __init__(self, attempts: Attempts, plan: Plan) -> None:
        self._attempts, self._plan = attempts, plan
        self._tried = [Tried(one.place, one.model, LegStatus.SKIPPED, one.reason) for one in plan.left_out]
        self._of_request = OfRequest(attempts.breakers)

    async def begin(self, run: Run) -> bytes:
        """Asks until a leg has begun to answer, and returns what is told of that; else releases the hold, and raises.

        Raises ProviderFailed, AllRoutesOpen.
        """
        has_begun = False
        try:
            await self._ask_in_turn(run)
            has_begun = True
        except CoinslotError as error:
            run.held.failure = error.reason if isinstance(error, ProviderFailed) else error.code
            raise
        finally:
            if not has_begun:
                run.held.failure = run.held.failure or CLIENT_GONE
                await asyncio.shield(self._attempts.legs.keep(self._release(run)))
            if self._plan.own_use is not None:
                self._attempts.legs.keep(alone("mesh", run.id, self._plan.give_back_uses))
        return self._told()

    async def _release(self, run: Run) -> None:
        """Closes what a leg has begun to say, and gives the hold back."""
        try:
            if run.leg.answer is not None:
                await run.leg.answer.close()
        finally:
            await self._attempts.holds.release(run.held)

    async def _ask_in_turn(self, run: Run) -> None:
        end, failure = clock.monotonic_seconds() + self._attempts.seconds_max, None
        legs = self._plan.legs
        for number, planned in enumerate(legs):
            attempt = self._of_request.admit(planned.name, is_own_key=planned.leg.own is not None)
            if attempt is None:
                self._note(run, planned, LegStatus.SKIPPED, CIRCUIT_OPEN)
                continue
            left = max(end - clock.monotonic_seconds(), 0)
            seconds = left if number == len(legs) - 1 else left / LEFT_FOR_OTHERS
            failure = await self._ask(run, planned, attempt, seconds)
            if failure is None:
                return
            is_own = planned.leg.own is not None
            if outcome_of(failure, self._plan.routing.also, is_own_key=is_own) is Outcome.END:
                break
        if failure is not None:
            raise failure
        seconds = self._attempts.breakers.wait_seconds(one.name for one in legs)
        raise AllRoutesOpen("Every model that may answer this is left alone at the moment, because it failed.", seconds)

    async def _ask(self, run: Run, planned: Planned, attempt: Attempt, seconds: float) -> ProviderFailed | None:
        """Asks a leg, which is then the run's. Returns why it has not begun to answer, None if it has."""
        run.leg, run.place = planned.leg, planned.place if self._plan.uses else None
        self._plan.asked.add(planned.place)
        run.held.asked = replace(run.held.asked, provider=planned.leg.setting.name)
        try:
            with attempt:
                await self._begin_within(run, seconds)
                took = attempt.milliseconds
                attempt.has_begun(took)
        except ProviderFailed as error:
            failure = error.unraised()
        else:
            self._note(run, planned, LegStatus.ANSWERED, milliseconds=took)
            return None
        milliseconds = attempt.milliseconds
        self._note(run, planned, LegStatus.FAILED, reason_of(failure), status_of(failure), milliseconds)
        answer, run.leg.answer = run.leg.answer, None
        if answer is not None:
            with suppress(ProviderFailed):
                await answer.close()
        return failure

    async def _begin_within(self, run: Run, seconds: float) -> None:
        """Sends the run's leg and reads it up to its first word. Raises ProviderFailed, also where it takes longer."""
        try:
            async with asyncio.timeout(seconds):
                await self._begin(run)
        except TimeoutError:
            model = run.leg.offer.price.model
            if not run.leg.request.is_stream:
                raise OverTime(f"`{model}` did not give its whole answer in time.", timed_out=True) from None
            raise ProviderFailed(f"`{model}` did not begin to answer in time.", timed_out=True) from None

    async def _begin(self, run: Run) -> None:
        """Sends the run's leg and reads it up to its first word. Raises ProviderFailed."""
        await self._attempts.legs.ask(run.held, run.leg)
        if run.leg.answer is not None:
            is_failure, most = CONTENT_FILTER in self._plan.routing.also, run.leg.whole_bytes_max
            whole = partial(begun_whole, bytes_max=most)
            begun = begun_stream if run.leg.request.is_stream else whole
            run.leg.answer = await begun(run.leg.answer, is_filter_failure=is_failure)

    def _note(
        self,
        run: Run,
        planned: Planned,
        status: LegStatus,
        reason: str | None = None,
        status_code: int | None = None,
        milliseconds: int | None = None,
    ) -> None:
        """Notes what came of a leg, for whoever hears the answer and for its line of the receipt."""
        held, place, model = run.held, planned.place, _model(planned)
        source = source_of_legs([planned.leg])
        self._tried.append(Tried(place, model, status, reason, status_code, milliseconds, source))
        log.info("mesh", request=run.id, leg=place, model=model, step=status.value, reason=reason)
        if held.legs:
            noted = replace(held.legs[place], status=status, reason=reason)
            held.legs = (*held.legs[:place], noted, *held.legs[place + 1 :])

    def _told(self) -> bytes:
        """Returns what a stream says of the route: the plan with its prices, and each leg that was asked."""
        events = [self._planned(), *(one.said() for one in self._tried)]
        return b"".join(b"data: " + orjson.dumps({"choices": [], ROUTE: event}) + b"\n\n" for event in events)

    def _planned(self) -> dict[str, Any]:
        plan = self._plan
        legs: list[dict[str, Any]] = [
            {"leg": place, "model": offer.price.model, "pricing": pricing_of(offer)}
            for place, offer in enumerate(plan.offers)
        ]
        for one in plan.legs:
            source = source_of_legs([one.leg])
            legs[one.place] |= {"pricing": pricing_of(one.leg.offer), "billing_source": source.value}
        return {"status": "planned", "legs": legs, "strategy": plan.routing.strategy.value, **self._mode(),
                **self._chosen()}  # fmt: skip

    def _mode(self) -> dict[str, Any]:
        return {"mode": RequestMode.MESH.value} if self._plan.uses else {}

    def _chosen(self) -> dict[str, Any]:
        choice = self._plan.choice
        if choice is None:
            return {}
        offer = next((one.leg.offer for one in self._plan.legs if one.place == 0), self._plan.offers[0])
        return {"auto_strategy": choice.task.value, "optimization_goal": choice.goal.value, "auto_model": choice.model,
                "auto_reason": choice.why, "auto_pricing": pricing_of(offer)}  # fmt: skip

    def said(self) -> Mapping[str, Any]:
        """Returns what is said beside what the answer cost: whose it is, what was tried, the mode, what was chosen."""
        answered = next((one for one in self._tried if one.status is LegStatus.ANSWERED), None)
        final = {} if answered is None else {"final_model": answered.model, "leg": answered.place}
        return {ROUTE: {**final, "trace": [one.said() for one in self._tried], **self._mode(), **self._chosen()}}


def pricing_of(offer: Offer) -> dict[str, str]:
    """Returns what a model costs with its markup, in credits or dollars for a million tokens, and for a request."""
    price, whole = offer.price, NANOS * BASIS_POINTS
    amounts = {"prompt": price.input_nanos, "completion": price.output_nanos, "request": price.request_nanos}
    markup = BASIS_POINTS + price.markup_basis_points
    return {name: format_fraction(nanos * markup, whole) for name, nanos in amounts.items()}


def _model(planned: Planned) -> str:
    return planned.leg.offer.price.model
