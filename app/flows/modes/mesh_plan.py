"""Which models may answer a request that names several, or leaves it to us: the plan, before anything is held.

Legs that cannot take the request are left out and named. A model without a price, and one that is not open to who asks,
refuse the request before any provider is called: nothing is asked that was not agreed to (`decisions.md` 8).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app import db, threads
from app.domain.catalogue.catalogue import read_parameters
from app.domain.errors import BadField
from app.domain.legs.legs import LegUse, Source
from app.domain.legs.tables import LegStatus
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import Tokens, unrounded
from app.domain.record import record
from app.domain.routing.auto import AUTO, Choice
from app.domain.routing.breaker import BreakerName
from app.domain.routing.strategies import Standing as LegStanding
from app.domain.routing.strategies import in_order
from app.domain.routing.wanted import Routing
from app.flows.callers.asked import Ask
from app.flows.chat.call import Leg
from app.flows.chat.decide import Basis, Go, decide_on, find_offer, find_own, media_tokens_max
from app.flows.chat.thinking import ThinkingModels
from app.flows.modes.chosen import OUTPUT_TOKENS_EXPECTED, choose_model, prompt_tokens_about
from app.flows.modes.members import source_of_legs
from app.flows.modes.plan import naming
from app.flows.providers.breakers import Breakers, name_of
from app.flows.vault.uses import OwnUse
from app.formats.openai_request import ChatRequest
from app.formats.openai_tokens import count_prompt
from app.ports.providers import TokenCounter

CONTEXT, VISION, TOOLS, SCHEMA = "context", "vision", "tools", "schema"
"""Why a model cannot take a request."""


@record(frozen=True, slots=True)
class LeftOut:
    """A model that was named and cannot take the request, and why."""

    place: int
    model: str
    reason: str


@dataclass(slots=True)
class Planned:
    """A leg that may be asked: where it was named, and the name of its breaker."""

    place: int
    leg: Leg
    name: BreakerName


@dataclass(slots=True)
class Plan:
    """The legs of a request in the order in which they are asked, and what is said of them.

    `uses` are all that were named, in that order, as they stand before any is asked; `choice` is what was chosen where
    the first was left to us. `own_use` is what was counted of its user's own keys, None where nobody bounds them, and
    `asked` the places of legs that were asked.
    """

    routing: Routing
    legs: list[Planned]
    uses: tuple[LegUse, ...]
    left_out: Sequence[LeftOut] = ()
    choice: Choice | None = None
    offers: Sequence[Offer] = field(default=())
    own_use: OwnUse | None = None
    asked: set[int] = field(default_factory=set)

    async def give_back_uses(self) -> None:
        """Counts the own keys no longer that did not go out: their legs were not asked. Raises Unavailable."""
        used, self.own_use = self.own_use, None
        unused = sum(one.leg.own is not None and one.place not in self.asked for one in self.legs)
        if used is not None and unused:
            await used.give_back(unused)


class Planner:
    """Plans for one process."""

    def __init__(self, thinking: ThinkingModels, counter: TokenCounter, breakers: Breakers) -> None:
        self._thinking, self._counter, self._breakers = thinking, counter, breakers

    async def plan(self, basis: Basis, request: ChatRequest, routing: Routing) -> Plan | Ask:
        """Returns the plan of a request, or what its user is asked for instead.

        Raises UnknownModel, Blocked; BadField, also where no leg can take the request.
        """
        models, choice = (request.model, *routing.fallback), None
        if request.model == AUTO:
            able = await self._able(basis, request)
            choice = choose_model(self._breakers, able, request, routing)
            models = tuple(dict.fromkeys((choice.model, *routing.fallback)))
        offers = [find_offer(basis.snapshot, model) for model in models]
        left_out = await self._left_out(basis, request, offers)
        plan = Plan(routing, [], (), left_out, choice, offers)
        uses: list[LegUse] = []
        for place, offer in enumerate(offers):
            reason = next((one.reason for one in left_out if one.place == place), None)
            found = None if reason else await self._leg(basis, request, offer)
            if isinstance(found, Ask):
                return found if len(offers) == 1 else naming(found, offer.price.model)
            if found is None and reason is None:
                reason = CONTEXT
                plan.left_out = [*plan.left_out, LeftOut(place, offer.price.model, CONTEXT)]
            if found is not None:
                name = name_of(basis.snapshot.paywall_id, found.setting, found.request.model, found.own)
                plan.legs.append(Planned(place, found, name))
            uses.append(_unused(basis, place, offer, found, reason or "not_needed"))
        if not plan.legs:
            raise _nobody_fits(plan.left_out)
        plan.uses = tuple(uses) if len(uses) > 1 else ()
        plan.legs = self._ordered(plan.legs, routing)
        return plan

    async def _able(self, basis: Basis, request: ChatRequest) -> Basis:
        """Returns the basis without the models that are known to lack what the request needs."""
        offers = basis.snapshot.offers
        lacking = {one.model for one in await self._left_out(basis, request, list(offers.values()))}
        able = replace(basis.snapshot, offers={name: one for name, one in offers.items() if name not in lacking})
        return replace(basis, snapshot=able)

    async def _left_out(self, basis: Basis, request: ChatRequest, offers: Sequence[Offer]) -> list[LeftOut]:
        """Returns the models that are known not to understand what the request holds beside text."""
        wanted, by = _parameters_of(request), basis.snapshot.configuration
        known = {}
        if wanted:
            listed = [offer for offer in offers if by.provider_of(offer.provider).is_operators]
            names = {offer.upstream_model or offer.price.model for offer in listed}
            known = await db.in_transaction(lambda session: read_parameters(session, names)) if names else {}
        found = []
        for place, offer in enumerate(offers):
            model = offer.upstream_model or offer.price.model
            lacking = [reason for reason, words in wanted if model in known and known[model].isdisjoint(words)]
            # What an image costs need not be known where its user's own key is asked.
            is_own = find_own(basis.standing, offer, offer.price.model, basis.payer.source) is not None
            if not is_own and not _can_see(request.sent_as(model), offer):
                lacking = [VISION, *lacking]
            found += [LeftOut(place, offer.price.model, lacking[0])] if lacking else []
        return found

    async def _leg(self, basis: Basis, request: ChatRequest, offer: Offer) -> Leg | Ask | None:
        """Returns a leg within what its model is known to take; None where the prompt alone is too long for that."""
        model = offer.price.model
        has_thought = self._thinking.has_thought(basis.snapshot.paywall_id, model)
        decision = decide_on(basis, _within(request.sent_as(model), offer), has_thought_unseen=has_thought)
        if isinstance(decision, Ask):
            return decision
        leg = Leg(decision.request, decision.setting, decision.offer, decision.bound, own=decision.own)
        return leg if await self._fit_window(leg, decision) else None

    async def _fit_window(self, leg: Leg, decision: Go) -> bool:
        """Lowers a leg's output to what fits into its model's window. Tells whether the least does.

        The prompt is counted only where its bytes leave too little.
        """
        window, bound = leg.offer.context_tokens_max, leg.bound
        if window is None or bound.prompt_tokens + bound.output_tokens <= window:
            return True
        counted = await threads.COUNT.run(count_prompt, leg.request, self._counter)
        media = bound.prompt_tokens - leg.request.prompt_bytes
        prompt = bound.prompt_tokens if counted is None else min(counted + media, bound.prompt_tokens)
        left = window - prompt
        if left < bound.output_tokens_least:
            return False
        output = min(bound.output_tokens, left)
        first = min(bound.output_tokens_first, output)
        leg.bound = replace(bound, output_tokens=output, output_tokens_first=first)
        if decision.request.output_limit is not None:
            leg.request = replace(decision.request, output_limit=output)
        return True

    def _ordered(self, legs: list[Planned], routing: Routing) -> list[Planned]:
        standings = [
            LegStanding(
                unrounded(one.leg.offer.price, Tokens(prompt_tokens_about(one.leg.request), OUTPUT_TOKENS_EXPECTED)),
                self._breakers.milliseconds(one.name),
            )
            for one in legs
        ]
        turn = self._breakers.turn() if len(legs) > 1 else 0
        return [legs[place] for place in in_order(standings, routing.strategy, turn)]


def _within(request: ChatRequest, offer: Offer) -> ChatRequest:
    """Returns a request whose output limit is no more than its model is known to write."""
    limit, most = request.output_limit, offer.output_tokens_max
    return request if limit is None or most is None or limit <= most else replace(request, output_limit=most)


def _can_see(request: ChatRequest, offer: Offer) -> bool:
    if not request.media_parts:
        return True
    try:
        media_tokens_max(request, offer)
    except BadField:
        return False
    return True


def _parameters_of(request: ChatRequest) -> list[tuple[str, frozenset[str]]]:
    """Returns what a request needs that not every model understands, each by the names of which one must be known."""
    wanted = []
    if request.body.get("tools"):
        wanted.append((TOOLS, frozenset({"tools"})))
    wants = request.body.get("response_format")
    kind = wants.get("type") if isinstance(wants, dict) else None
    if kind in ("json_schema", "json_object"):
        words = {"structured_outputs"} if kind == "json_schema" else {"response_format", "structured_outputs"}
        wanted.append((SCHEMA, frozenset(words)))
    return wanted


def _unused(basis: Basis, place: int, offer: Offer, leg: Leg | None, reason: str) -> LegUse:
    """Returns how a leg stands before any is asked."""
    provider = basis.snapshot.configuration.provider_of(offer.provider).name
    if leg is not None:
        provider, offer = leg.setting.name, leg.offer
    source = Source.PLATFORM if leg is None else source_of_legs([leg])
    return LegUse(place, offer.price.model, provider, offer.price, LegStatus.SKIPPED, source=source, reason=reason)


def _nobody_fits(left_out: Sequence[LeftOut]) -> BadField:
    named = ", ".join(f"`{one.model}` ({one.reason})" for one in left_out)
    return BadField("messages", f"None of the models can take this request: {named}.", "no_model_fits")
