"""One provider's answer: sent with the output limit that is held for, kept within it, and charged by its price.

It is sent with less where the model allows less. A limit that the client set is the client's: what the model says of it
is passed on. One that we set, because nobody did, must not be why a request fails (`decisions.md` 2).
"""

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import structlog

from app import threads
from app.domain.catalogue.models import is_reasoning
from app.domain.errors import OwnKeyUnavailable, ProviderFailed
from app.domain.ledger.operations import Applied
from app.domain.legs.tables import LegStatus
from app.domain.paywalls.configuration import Disconnect
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import charge_nanos, cost_nanos
from app.domain.safety.log import of_failure, of_model
from app.domain.usage.requests import CLIENT_GONE, EMPTY_ANSWER, Metered
from app.flows.callers.stopped import StoppedLog
from app.flows.chat.call import Leg, Run
from app.flows.chat.hold import Amounts, Held, Holds, Keep, Used
from app.flows.chat.thinking import ThinkingModels
from app.flows.chat.upstream import within
from app.flows.providers.attempt import follow
from app.flows.providers.breaker_notes import noted_breakers
from app.flows.providers.refusals import Refusals
from app.flows.vault.vault import Vault
from app.formats.openai_limits import NamedLimit, read_named_limit
from app.formats.openai_request import ChatRequest
from app.formats.openai_tokens import count_prompt, prompt_tokens, with_images
from app.ports.providers import ChatProvider, ProviderAnswer, Providers, ProviderTarget, TokenCounter

log = structlog.get_logger()

REFUSALS = (400, 413, 422)
"""With what providers refuse a limit; each may mean anything else."""
LONG_BYTES = 200_000
"""From here on writing a prompt, or media, would hold the event loop up for longer than a hop to a thread."""
LIMIT_TOKENS_MIN = 16
"""Less than this is no answer; OpenAI refuses it."""


class Legs:
    """The answers of one process: sent, extended and charged."""

    def __init__(
        self,
        holds: Holds,
        providers: Providers,
        counter: TokenCounter,
        thinking: ThinkingModels,
        refusals: Refusals,
        vault: Vault | None = None,
    ) -> None:
        self._holds = holds
        self._providers = providers
        self._refusals, self._vault = refusals, vault
        self.log = StoppedLog(holds.keeper)
        self.counter = counter
        self._thinking = thinking
        self.keeper, self.keep = holds.keeper, holds.keep
        self.breakers = noted_breakers(holds.keeper, holds.owner)

    async def fit_window(self, leg: Leg) -> None:
        """Lowers a leg's output to what fits into the model's window, where that is known and nobody set a limit.

        The prompt is counted only where its bytes leave too little.
        """
        window, bound = leg.offer.context_tokens_max, leg.bound
        if (
            window is None
            or leg.request.output_limit is not None
            or bound.prompt_tokens + bound.output_tokens <= window
        ):
            return
        tokens = await threads.COUNT.run(prompt_tokens, leg.request, leg.offer, self.counter)
        output = min(bound.output_tokens, max(window - tokens, bound.output_tokens_least))
        leg.bound = replace(bound, output_tokens=output, output_tokens_first=min(bound.output_tokens_first, output))

    async def count_exactly(self, leg: Leg) -> bool:
        """Counts the prompt that was bounded by its bytes. Tells whether that is less."""
        request, bound = leg.request, leg.bound
        tokens = await threads.COUNT.run(count_prompt, request, self.counter)
        if tokens is None or tokens >= request.prompt_bytes:
            return False
        leg.bound = replace(bound, prompt_tokens=tokens + bound.prompt_tokens - request.prompt_bytes)
        return True

    async def send(self, run: Run) -> None:
        """Sends a leg, and returns once its answer has begun; releases the hold if none does. Raises ProviderFailed."""
        leg, setting = run.leg, run.leg.setting
        # What one person's own key meets keeps nobody else from the model; of an app's own provider nobody is kept.
        is_followed = leg.own is None and setting.is_operators
        try:
            with follow(self.breakers, setting, leg.request.model) if is_followed else nullcontext() as attempt:
                await self.ask(run.held, leg)
                if attempt is not None:
                    attempt.has_begun()
        except ProviderFailed as error:
            run.held.failure = error.reason
            raise
        finally:
            if leg.answer is None:
                await self._holds.release(run.held)

    async def ask(self, held: Held, leg: Leg) -> None:
        """Sends a leg, and returns once its answer has begun; what is held stays held. Raises ProviderFailed."""
        paywall_id, provider = held.asked.wallet.paywall_id, leg.setting.name
        try:
            reached = await self._reach(paywall_id, leg)
            leg.answer, leg.output_limit = await within(leg.deadline, _send(reached, leg, self.counter))
            self._note(paywall_id, leg, None)
        except ProviderFailed as error:
            self._note(paywall_id, leg, error)
            held.stopped += of_model(of_failure(error), leg.offer.price.model)
            log.warning("chat", step="send", request=held.asked.id, provider=provider, reason=error.reason)
            raise

    async def _reach(self, paywall_id: str, leg: Leg) -> tuple[ChatProvider, ProviderTarget]:
        """Returns who is asked, with the key that it goes by. Raises OwnKeyUnavailable for an own key alone."""
        if leg.own is None:
            return self._providers.find(paywall_id, leg.setting)
        if self._vault is None:
            raise OwnKeyUnavailable("Own keys are not opened here.")
        return await self._vault.open(leg.own)

    def _note(self, paywall_id: str, leg: Leg, failure: ProviderFailed | None) -> None:
        """Notes what became of the key, of whom it is: what one person's own key meets says nothing of the paywall's
        provider."""
        if leg.own is not None:
            if self._vault is not None:
                self._vault.note(leg.own, failure)
        elif failure is None:
            self._refusals.answered(paywall_id, leg.setting.name)
        else:
            self._refusals.refused(paywall_id, leg.setting, failure)

    async def extend(self, run: Run, amount_nanos: int, metered: Metered) -> None:
        """Raises the hold of a stream and checkpoints what it has used so far. Raises as `Holds.extend` does."""
        leg = run.leg
        metered = with_images(metered, leg.request, leg.bound.images)
        if run.place is not None:
            note_use(run, metered, is_over=False)
            await self._holds.extend_legs(run.held, amount_nanos)
            return
        metered_nanos = charge_nanos(leg.offer.price, metered.tokens) if metered.tokens else 0
        await self._holds.extend(run.held, amount_nanos, metered_nanos, metered)

    async def settle(self, run: Run, metered: Metered, keep: Keep | None = None, *, is_free: bool = False) -> Applied:
        """Charges what a leg used, as `Holds.settle` does. A charge of nothing releases the hold."""
        held, price = run.held, run.leg.offer.price
        metered = self.learn(held, run.leg, metered)
        tokens = metered.tokens
        if held.admission is not None and tokens is not None:
            held.admission.used_tokens = tokens.prompt + tokens.output
        if run.place is not None:
            return await self._settle_one_of(run, metered, keep, is_free=is_free)
        charge = charge_nanos(price, tokens) if tokens and tokens.output else 0
        if not charge and not price.costs_nothing:
            held.failure = metered.failure or (CLIENT_GONE if metered.disconnect else EMPTY_ANSWER)
            return await self._holds.release(held)
        cost = cost_nanos(price, tokens) if held.asked.terms and tokens else 0
        return await self._holds.settle(held, Used(charge, cost, metered), keep, is_free=is_free)

    def learn(self, held: Held, leg: Leg, metered: Metered) -> Metered:
        """Returns what a leg used, with the images that were sent, and remembers what its model thinks unseen."""
        metered = with_images(metered, leg.request, leg.bound.images)
        if metered.tokens is not None and metered.tokens.other and leg.own is None:
            self._thinking.note(held.snapshot.paywall_id, leg.offer.price.model, metered.tokens)
        return metered

    async def _settle_one_of(self, run: Run, metered: Metered, keep: Keep | None, *, is_free: bool) -> Applied:
        """Charges the leg that answered of those that are held for; the others cost nothing."""
        held = run.held
        note_use(run, metered)
        if not is_free:
            held.failure = metered.failure or (CLIENT_GONE if metered.disconnect else None)
        return await self._holds.settle_legs(held, replace(metered, tokens=None), keep, is_free=is_free)

    async def release(self, run: Run) -> Applied:
        """Gives the hold back whole. Raises Unavailable as settle does."""
        return await self._holds.release(run.held)


def note_use(run: Run, metered: Metered, *, is_over: bool = True) -> None:
    """Writes what the leg that answers has used among those that are held for, and whether it came to its end."""
    held, place, tokens = run.held, run.place or 0, metered.tokens
    has_left = metered.disconnect not in (None, Disconnect.DRAIN)
    why = metered.failure or (CLIENT_GONE if has_left else run.stopped and f"stopped_{run.stopped}") or None
    status = LegStatus.CUT if why or not is_over else LegStatus.ANSWERED
    if tokens is None or not (tokens.output or run.leg.offer.price.costs_nothing):
        status, why, tokens = LegStatus.FAILED, why or EMPTY_ANSWER, None
    used = replace(held.legs[place], status=status, reason=why, tokens=tokens, is_estimated=metered.estimated,
                   reported_nanos=metered.provider_cost_nanos)  # fmt: skip
    held.legs = (*held.legs[:place], used, *held.legs[place + 1 :])


def amounts_of(leg: Leg) -> Amounts:
    """Returns what a leg holds."""
    bound, offer = leg.bound, leg.offer
    whole = bound.nanos(offer, bound.output_tokens)
    first = bound.nanos(offer, bound.first) if bound.output_tokens_first else whole
    return Amounts(first, bound.nanos(offer, bound.output_tokens_least), whole)


def fit_grant(run: Run, first_nanos: int) -> None:
    """Lowers a leg's output limit to what its hold pays for, if less was granted than it wanted to begin with."""
    held, leg, bound = run.held, run.leg, run.leg.bound
    is_whole = held.amount >= first_nanos
    leg.output_limit = bound.output_tokens if is_whole else bound.fitting_output_tokens(leg.offer, held.amount)
    if leg.output_limit < bound.output_tokens:
        leg.lowered_by = held.standing.asked_for(held.applied.short_of, held.budgets)
        leg.lowered_to = leg.output_limit


async def _send(
    reached: tuple[ChatProvider, ProviderTarget], leg: Leg, counter: TokenCounter
) -> tuple[ProviderAnswer, int]:
    """Returns the answer that has begun, and the output limit that it was asked for with.

    Where nobody set one and the provider's refusal names less, the request is repeated once with that. Raises
    ProviderFailed.
    """
    request, output_limit, setting = leg.request, leg.output_limit, leg.setting
    provider, target = reached
    field = setting.limit_field_of(is_reasoning(request.model))

    def body(limit: int) -> bytes:
        return request.upstream_body(
            limit, field, is_operators_key=setting.is_operators, unknown=setting.unknown_fields
        )

    try:
        return await provider.send(target, await _written(request, body, output_limit)), output_limit
    except ProviderFailed as refusal:
        if request.output_limit is not None or refusal.status not in REFUSALS or refusal.body is None:
            raise
        named = read_named_limit(json.dumps(refusal.body, ensure_ascii=False), output_limit)
        less = None if named is None else await _fitting(named, request, leg.offer, counter)
        if less is None or not LIMIT_TOKENS_MIN <= less < output_limit:
            raise
    log.info("chat", step="send_again", model=request.model, output_limit=output_limit, named=less)
    return await provider.send(target, await _written(request, body, less)), less


async def _written(request: ChatRequest, body: Callable[[int], bytes], limit: int) -> bytes:
    """Returns a request's body; a long one is written in a thread, so that nobody waits for it."""
    is_long = request.prompt_bytes > LONG_BYTES or request.media_parts
    return await threads.PARSE.run_surely(body, limit) if is_long else body(limit)


async def _fitting(named: NamedLimit, request: ChatRequest, offer: Offer, counter: TokenCounter) -> int | None:
    if named.output is not None or named.window is None:
        return named.output
    prompt = named.prompt
    if prompt is None:
        prompt = await threads.COUNT.run_surely(prompt_tokens, request, offer, counter)
    return named.window - prompt
