"""A request that several models may answer: held for at the dearest of them, asked in turn, charged by who answers.

It is one more way through the door of chat: the same limits, hold, answer and settlement, only that its leg is found
while it is carried (`app/flows/modes/attempts.py`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from app.domain.errors import InsufficientFunds, StaleDecision
from app.domain.ledger.operations import Applied
from app.domain.routing.wanted import Routing
from app.domain.usage.idempotency import Claim
from app.domain.usage.requests import Asked
from app.domain.usage.tables import RequestMode
from app.flows.callers.asked import Action, Ask
from app.flows.callers.standing import Standings
from app.flows.callers.user import Standing
from app.flows.cards.auto_topup import AutoTopups
from app.flows.chat.answer import Carrier, KeepBytes, Send
from app.flows.chat.call import Call, Leg, Route, Run
from app.flows.chat.decide import Basis, Go
from app.flows.chat.door import Door
from app.flows.chat.end import Wording
from app.flows.chat.hold import Amounts, Held, Holds
from app.flows.chat.leg import Legs, amounts_of, fit_grant
from app.flows.chat.thinking import ThinkingModels
from app.flows.chat.told import Teller
from app.flows.limits.limiter import Limiter
from app.flows.modes.attempts import Attempts
from app.flows.modes.members import source_of_legs
from app.flows.modes.mesh_plan import Plan, Planner
from app.flows.vault.uses import OwnUsesReached, take_own_use


class MeshPatience(NamedTuple):
    """How many seconds may pass before one of several models has begun to answer, and before it has if the answer is
    given whole: no longer than the clients wait.
    """

    stream: float = 120
    whole: float = 55

    def of(self, call: Call) -> float:
        """Returns how long the models of a request may take."""
        return self.stream if call.request.is_stream else min(self.stream, self.whole)


class MeshDoor(Door):
    """The door of chat, which also lets requests through that several models may answer.

    `patience` is how long these may take together until one has begun to answer.
    """

    def __init__(
        self,
        standings: Standings,
        limits: Limiter,
        holds: Holds,
        legs: Legs,
        thinking: ThinkingModels,
        teller: Teller,
        fee_basis_points: int,
        topups: AutoTopups | None,
        patience: MeshPatience,
    ) -> None:
        super().__init__(standings, limits, holds, legs, thinking, teller, fee_basis_points, topups)
        self._patience = patience

    async def _hold(self, call: Call, claimed: Claim | None, standing: Standing) -> Run | Ask:
        if call.routing is None:
            return await super()._hold(call, claimed, standing)
        return await self._hold_dearest(call, call.routing, claimed, standing)

    async def _hold_dearest(self, call: Call, routing: Routing, claimed: Claim | None, standing: Standing) -> Run | Ask:
        """Plans, and holds what the dearest of the legs may cost."""
        snapshot, user = call.snapshot, call.user
        planner = Planner(self._thinking, self._legs.counter, self._legs.breakers)
        plan = await planner.plan(Basis(snapshot, standing, await self.payer_of(call)), call.request, routing)
        if isinstance(plan, Ask):
            return plan
        legs = [planned.leg for planned in plan.legs]
        call.goes_by = source_of_legs(legs)
        held = Held(snapshot, self._of_plan(call, standing, plan, claimed), standing, legs=plan.uses)
        seconds = self._patience.of(call)
        run = Run(held, legs[0], route=Attempts(self._legs, self._holds, seconds).route(plan))
        is_held = False
        try:
            await self._admit_all(run, call, legs)
            plan.own_use = await take_own_use(standing.own, sum(leg.own is not None for leg in legs))
            await self._take_dearest(run, legs, claimed)
            is_held = True
        except OwnUsesReached:
            return Ask(Action.LIMIT)
        except InsufficientFunds as refusal:
            return await self.ask(run.held, call, refusal)
        except StaleDecision:
            self._standings.forget(snapshot, user)
            raise
        finally:
            if not is_held:
                await self._holds.forgo(held)
                await plan.give_back_uses()
        return run

    def _of_plan(self, call: Call, standing: Standing, plan: Plan, claimed: Claim | None) -> Asked:
        """Returns what is known of the request; where one model alone may answer, it is as if that had been named."""
        legs = [planned.leg for planned in plan.legs]
        # What the wallet may pay for is owed to a provider of the paywall's, whichever leg is asked first.
        leg = next((one for one in legs if one.own is None), legs[0])
        asked = self._asked(call, standing, Go(leg.offer, leg.setting, leg.request, leg.bound, leg.own), claimed)
        if not plan.uses:
            return replace(asked, model=leg.offer.price.model)
        return replace(asked, model=RequestMode.MESH.value, mode=RequestMode.MESH, price=None)

    async def _admit_all(self, run: Run, call: Call, legs: Sequence[Leg]) -> None:
        """Lets the developer's limits count a request as its longest leg; they may lower what each may write."""
        longest = max(legs, key=lambda leg: leg.bound.tokens)
        run.leg, wanted = longest, longest.bound.output_tokens
        await self._admit(run, call)
        run.leg = legs[0]
        most = longest.bound.output_tokens
        for leg in legs if most < wanted else ():
            output = min(leg.bound.output_tokens, most)
            first = min(leg.bound.output_tokens_first, output)
            leg.bound = replace(leg.bound, output_tokens=output, output_tokens_first=first)

    async def _take_dearest(self, run: Run, legs: Sequence[Leg], claimed: Claim | None) -> None:
        """Holds for the dearest leg; counts the prompts exactly only if their bytes would not fit."""
        try:
            await self._holds.take(run.held, _dearest(legs), claimed)
        except InsufficientFunds:
            if not any([await self._legs.count_exactly(leg) for leg in legs]):
                raise
            await self._holds.take(run.held, _dearest(legs), claimed)
        for leg in legs:
            run.leg = leg
            fit_grant(run, amounts_of(leg).first)
        run.leg = legs[0]


def _dearest(legs: Sequence[Leg]) -> Amounts:
    """Returns what any of the legs may want at most."""
    wanted = [amounts_of(leg) for leg in legs]
    return Amounts(*(max(amounts[part] for amounts in wanted) for part in range(3)))


class RoutedCarrier(Carrier):
    """Carries answers, those too whose leg is found only then; what was tried is said before their first word."""

    async def whole(self, run: Run, wording: Wording, keep: KeepBytes | None = None) -> bytes:
        """Returns an answer as `Carrier.whole` does. Raises AllRoutesOpen too."""
        if run.route is None:
            return await super().whole(run, wording, keep)
        await run.route.begin(run)
        return await super().whole(run, _saying(wording, run.route), keep)

    async def stream(self, run: Run, send: Send, wording: Wording, keep: KeepBytes | None = None) -> bytes:
        """Forwards a stream as `Carrier.stream` does. Raises AllRoutesOpen too."""
        if run.route is None:
            return await super().stream(run, send, wording, keep)
        before = await run.route.begin(run)

        async def behind(piece: bytes) -> None:
            nonlocal before
            told, before = before, b""
            await send(told + piece)

        return await super().stream(run, behind, _saying(wording, run.route), keep)


def _saying(wording: Wording, route: Route) -> Wording:
    """Returns a wording that also says which way a request went."""

    def settled(applied: Applied) -> dict[str, Any]:
        return {**wording.settled(applied), **route.said()}

    return replace(wording, settled=settled)
