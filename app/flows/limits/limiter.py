"""The developer's limits, kept before the provider is called: what a request would use is counted, all or nothing.

What it really used is counted when it ends. A request that never reaches the provider, because of money or a link,
is counted nowhere.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from app import threads
from app.domain import clock
from app.domain.errors import CoinslotError, InsufficientFunds, LimitReached
from app.domain.limits.spending import SpendLimit
from app.domain.paywalls.limits import KeyLimits, Limits, Measure, Scope
from app.domain.pricing.bound import Bound
from app.flows.callers.snapshot import Snapshot
from app.flows.limits.spending import WHOSE, SpendLimits, first_reached, spending_reached
from app.formats.openai_request import ChatRequest
from app.formats.openai_tokens import count_prompt
from app.ports.limits import Counted, ImmediateCounter, LimitCounter, Take, Taken
from app.ports.providers import TokenCounter

OUTPUT_TOKENS_ESTIMATE = 1_024
"""What an answer is counted as while it runs, where the client set no limit: what a stream holds to begin with."""
PLANS_MAX = 50_000
"""Of how many users and keys a process remembers what their requests must keep."""
BYTES_PER_TOKEN = 4
"""The usual length of a token, by which a prompt is counted before the provider says better."""

RETRY_SECONDS_MAX = 59
"""The longest that an app is told to wait for a minute's limit: OpenAI's SDKs obey nothing that takes a minute."""

Keep = Callable[[Coroutine[Any, Any, Any]], "asyncio.Task[Any]"]
"""Runs work to its end, whatever becomes of who began it."""

CODES = {
    Measure.REQUESTS: "requests_per_minute", Measure.TOKENS: "tokens_per_minute", Measure.RUNNING: "concurrency",
}  # fmt: skip
TEXTS = {
    Measure.REQUESTS: "{limit} requests a minute",
    Measure.TOKENS: "{limit} tokens a minute",
    Measure.RUNNING: "{limit} requests at once",
}


class Rate(NamedTuple):
    """Where a limit of a minute stands, for the headers of an answer."""

    measure: Measure
    limit: int
    remaining: int
    reset_seconds: float


class RateReached(LimitReached):
    """A limit of use that is reached, with where the limits stand."""

    def __init__(self, message: str, code: str, retry_after_seconds: int | None, rates: tuple[Rate, ...] = ()) -> None:
        super().__init__(message, code, retry_after_seconds)
        self.rates = rates


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a user's requests with one key must keep, worked out once for as long as the same limits hold.

    `takes` are what a request takes, of tokens one (`of_tokens_at`); `whose` says of each which limit it is.
    `tokens_max` is the smallest limit of what one request may use; `spending` are limits of spending, with the ledger's
    `budgets`, `until` the first of their periods ends.
    """

    limits: KeyLimits
    until: int
    takes: tuple[Take, ...]
    whose: tuple[tuple[Scope, Measure], ...]
    of_tokens_at: tuple[int, ...]
    tokens_max: tuple[int, str, Scope] | None
    spending: tuple[SpendLimit, ...]
    budgets: tuple[str, ...]

    def of_tokens(self, tokens: int) -> Sequence[Take]:
        """Returns what a request takes that is counted as so many tokens."""
        if not self.of_tokens_at:
            return self.takes
        takes = list(self.takes)
        for number in self.of_tokens_at:
            name, limit, _, _ = takes[number]
            takes[number] = Take(name, limit, min(tokens, limit))
        return takes

    def amounts(self, requests: int, tokens: int) -> Sequence[int]:
        """Returns what a request really took of each, once it has ended."""
        return [
            requests if measure is Measure.REQUESTS else tokens if measure is Measure.TOKENS else 0
            for _, measure in self.whose
        ]


@dataclass(slots=True)
class Admission:
    """A request that the limits let through, until it ends. `bound` is what it may use; `budgets` are the ledger's."""

    ticket: str
    bound: Bound
    plan: _Plan
    takes: Sequence[Take] = ()
    at: int = 0
    rates: tuple[Rate, ...] = ()
    used_tokens: int = 0
    has_ended: bool = False

    @property
    def budgets(self) -> tuple[str, ...]:
        """The budgets that its hold counts against."""
        return self.plan.budgets


class Limiter:
    """The limits of one process; what is counted may be shared with others."""

    def __init__(self, counter: LimitCounter, tokens: TokenCounter, spending: SpendLimits) -> None:
        self._counter = counter
        # What nobody else counts needs no waiting, and so no care for callers who go away meanwhile.
        self._alone = counter if isinstance(counter, ImmediateCounter) else None
        self._tokens = tokens
        self._spending = spending
        self._plans: dict[tuple[str, str], _Plan] = {}

    async def admit(
        self, snapshot: Snapshot, user: str, request: ChatRequest, bound: Bound, ticket: str, keep: Keep
    ) -> Admission:
        """Counts a request and returns what it may use, or counts it nowhere if its caller goes away meanwhile.

        Raises LimitReached where it may not run now, StaleDecision where the limits have changed, Unavailable.
        """
        plan, prompt_tokens = self._plans.get((snapshot.key_id, user)), None
        if plan is None or plan.limits is not snapshot.limits or plan.until <= clock.now():
            plan = await self._plan(snapshot, user)
        if plan.tokens_max is not None and bound.tokens > plan.tokens_max[0]:
            bound, prompt_tokens = await self._fit(plan.tokens_max, request, bound)
        admission = Admission(ticket, bound, plan)
        if not plan.takes:
            return admission
        admission.takes = plan.of_tokens(_estimate(request, bound, prompt_tokens))
        if self._alone is not None:
            taken = self._alone.take_now(ticket, admission.takes)
        else:
            taken = await self._take_surely(admission, keep)
        rates = _rates(plan, taken.counted)
        if taken.refused is not None:
            raise _reached(plan, taken.refused, taken.wait_seconds, rates)
        admission.at, admission.rates = taken.slice, rates
        return admission

    async def _plan(self, snapshot: Snapshot, user: str) -> _Plan:
        """Works out what a user's requests must keep, and opens their budgets."""
        assert snapshot.limits is not None  # noqa: S101 - who has none is not asked
        spending = await self._spending.open(snapshot, user)
        if len(self._plans) >= PLANS_MAX:
            self._plans.pop(next(iter(self._plans)))
        plan = self._plans[snapshot.key_id, user] = _make_plan(snapshot, snapshot.limits, user, spending)
        return plan

    async def _take_surely(self, admission: Admission, keep: Keep) -> Taken:
        """Takes where others take too, and gives back what was taken for a caller who went away meanwhile."""
        taking = keep(self._counter.take(admission.ticket, admission.takes))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            keep(self._forgo_later(admission, taking))
            raise

    async def _forgo_later(self, admission: Admission, taking: "asyncio.Task[Taken]") -> None:
        with suppress(CoinslotError):
            taken = await taking
            if taken.refused is None:  # who was refused has taken nothing
                admission.at = taken.slice
                await self.forgo(admission)

    async def end(self, admission: Admission, keep: Keep) -> "asyncio.Task[None] | None":
        """Gives the slots of a request back and counts the tokens that it used, once.

        Returns what does so, whatever becomes of the caller; None where it is done already.
        """
        ending = self._correct(admission, requests=1, tokens=admission.used_tokens)
        if self._alone is None:
            return keep(ending)
        await ending
        return None

    async def forgo(self, admission: Admission) -> None:
        """Counts a request nowhere, because its provider was never called."""
        await self._correct(admission, requests=0, tokens=0)

    async def _correct(self, admission: Admission, requests: int, tokens: int) -> None:
        if admission.has_ended or not admission.takes:
            return
        admission.has_ended = True
        amounts = admission.plan.amounts(requests, tokens)
        if self._alone is not None:
            self._alone.correct_now(admission.ticket, admission.takes, admission.at, amounts)
        else:
            await self._counter.correct(admission.ticket, admission.takes, admission.at, amounts)

    async def check_spending(self, admission: Admission, snapshot: Snapshot, refusal: InsufficientFunds) -> None:
        """Raises LimitReached if a limit of spending leaves less than a refused hold needed; limits go before funds."""
        reached = await first_reached(admission.plan.spending, refusal)
        if reached is not None:
            raise spending_reached(reached, snapshot)

    async def _fit(
        self, tokens_max: tuple[int, str, Scope], request: ChatRequest, bound: Bound
    ) -> tuple[Bound, int | None]:
        """Lowers the output limit until a request fits what one request may use, and a minute's tokens.

        Returns the prompt's tokens too, where they had to be counted for that.
        """
        most, code, scope = tokens_max
        tokens = await threads.COUNT.run(count_prompt, request, self._tokens)
        fewer = 0 if tokens is None else min(tokens - request.prompt_bytes, 0)
        prompt = bound.prompt_tokens + fewer * bound.hearers
        output = (most - prompt) // bound.choices
        if output < bound.output_tokens_least:
            message = f"{prompt} tokens of prompt leave no room for an answer: {most} tokens are what a request may use"
            raise RateReached(f"{message}, by the limit for {WHOSE[scope]}.", code, None)
        output = min(output, bound.output_tokens)
        return replace(bound, output_tokens=output, output_tokens_first=min(bound.output_tokens_first, output)), prompt


def _make_plan(snapshot: Snapshot, all_limits: KeyLimits, user: str, spending: tuple[SpendLimit, ...]) -> _Plan:
    names = {Scope.USER: f"user:{user}", Scope.KEY: f"key:{snapshot.counted_key}", Scope.PAYWALL: "paywall"}
    limits, running, a_minute = all_limits.of(user), Measure.RUNNING, CODES[Measure.TOKENS]
    kept = [
        (Take(f"{snapshot.paywall_id}:{names[scope]}:{measure}", limit, 1, measure is running), (scope, measure))
        for scope, each in limits
        for measure, limit in _measured(each)
        if limit is not None
    ]
    of_request = [
        (most, code, scope)
        for scope, each in limits
        for most, code in ((each.tokens_per_request, "tokens_per_request"), (each.tokens_per_minute, a_minute))
        if most is not None
    ]
    return _Plan(
        all_limits,
        min((limit.ends_at for limit in spending), default=clock.now() + clock.DAY),
        tuple(take for take, _ in kept),
        tuple(whose for _, whose in kept),
        tuple(number for number, (_, (_, measure)) in enumerate(kept) if measure is Measure.TOKENS),
        min(of_request, default=None),
        spending,
        tuple(limit.budget_id for limit in spending),
    )


def _measured(limits: Limits) -> tuple[tuple[Measure, int | None], ...]:
    return (
        (Measure.REQUESTS, limits.requests_per_minute),
        (Measure.TOKENS, limits.tokens_per_minute),
        (Measure.RUNNING, limits.concurrency),
    )


def _estimate(request: ChatRequest, bound: Bound, prompt_tokens: int | None) -> int:
    """Returns what a request is counted as until it is known what it used."""
    if prompt_tokens is None:
        beside = bound.prompt_tokens - request.prompt_bytes * bound.hearers
        prompt_tokens = beside - (-request.prompt_bytes // BYTES_PER_TOKEN) * bound.hearers
    output = bound.output_tokens if request.output_limit else min(bound.output_tokens, OUTPUT_TOKENS_ESTIMATE)
    return prompt_tokens + output * bound.choices


def _rates(plan: _Plan, counted: Sequence[Counted]) -> tuple[Rate, ...]:
    """Returns the tightest limit of requests and of tokens."""
    tightest: dict[Measure, tuple[int, int]] = {}
    for number, (take, (_, measure), count) in enumerate(zip(plan.takes, plan.whose, counted, strict=True)):
        left = max(take.limit - count.used, 0)
        if measure is not Measure.RUNNING and (measure not in tightest or left < tightest[measure][0]):
            tightest[measure] = (left, number)
    return tuple(
        Rate(measure, plan.takes[number].limit, left, counted[number].reset_seconds)
        for measure, (left, number) in tightest.items()
    )


def _reached(plan: _Plan, refused: int, wait_seconds: float, rates: tuple[Rate, ...]) -> RateReached:
    seconds = min(max(-int(-wait_seconds // 1), 1), RETRY_SECONDS_MAX)
    scope, measure = plan.whose[refused]
    limit = TEXTS[measure].format(limit=plan.takes[refused].limit)
    message = f"The limit for {WHOSE[scope]} is {limit}. Try again in {seconds} s."
    return RateReached(message, CODES[measure], seconds, rates)
