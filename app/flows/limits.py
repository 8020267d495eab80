"""The developer's limits, kept before the provider is called: what a request would use is counted, all or nothing.

What it really used is counted when it ends. A request that never reaches the provider, because of money or a link,
is counted nowhere.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from app.domain.errors import CoinslotError, InsufficientFunds, LimitReached
from app.domain.limits.spending import SpendLimit
from app.domain.paywalls.limits import Limits, Scope
from app.flows.chat_request import ChatRequest
from app.flows.decide import Bound
from app.flows.limit_port import Counted, LimitCounter, Take, Taken
from app.flows.ports import TokenCounter
from app.flows.prompt_count import count_prompt
from app.flows.snapshot import Snapshot
from app.flows.spend_limits import WHOSE, SpendLimits, first_reached, spending_reached

OUTPUT_TOKENS_ESTIMATE = 1_024
"""What an answer is counted as while it runs, where the client set no limit: what a stream holds to begin with."""
BYTES_PER_TOKEN = 4
"""The usual length of a token, by which a prompt is counted before the provider says better."""

RETRY_SECONDS_MAX = 59
"""The longest that an app is told to wait for a minute's limit: OpenAI's SDKs obey nothing that takes a minute."""

Measure = Literal["requests", "tokens", "running"]
CODES: dict[Measure, str] = {
    "requests": "requests_per_minute", "tokens": "tokens_per_minute", "running": "concurrency",
}  # fmt: skip
TEXTS: dict[Measure, str] = {
    "requests": "{limit} requests a minute", "tokens": "{limit} tokens a minute", "running": "{limit} requests at once",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rate:
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
class _Kept:
    """A limit that a request must keep, and what it takes of it."""

    scope: Scope
    measure: Measure
    take: Take


@dataclass(slots=True)
class Admission:
    """A request that the limits let through, until it ends. `bound` is what it may use; `budgets` are the ledger's."""

    ticket: str
    bound: Bound
    spending: tuple[SpendLimit, ...]
    kept: tuple[_Kept, ...] = ()
    at: int = 0
    rates: tuple[Rate, ...] = ()
    used_tokens: int = 0
    has_ended: bool = False

    @property
    def budgets(self) -> tuple[str, ...]:
        """The budgets that its hold counts against."""
        return tuple(limit.budget_id for limit in self.spending)


class Limiter:
    """The limits of one process; what is counted may be shared with others."""

    def __init__(self, counter: LimitCounter, tokens: TokenCounter, spending: SpendLimits) -> None:
        self._counter = counter
        self._tokens = tokens
        self._spending = spending

    async def admit(self, snapshot: Snapshot, user: str, request: ChatRequest, bound: Bound, ticket: str) -> Admission:
        """Counts a request and returns what it may use.

        Raises LimitReached where it may not run now, StaleDecision where the limits have changed, Unavailable.
        """
        limits = () if snapshot.limits is None else snapshot.limits.of(user)
        bound, prompt_tokens = await self._fit(limits, request, bound)
        admission = Admission(ticket, bound, await self._spending.open(snapshot, user))
        admission.kept = _kept(limits, _subjects(snapshot, user), _estimate(request, bound, prompt_tokens))
        if not admission.kept:
            return admission
        taken = await self._counter.take(ticket, [kept.take for kept in admission.kept])
        rates = _rates(admission.kept, taken.counted)
        if taken.refused is not None:
            raise _reached(admission.kept[taken.refused], taken, rates)
        admission.at, admission.rates = taken.slice, rates
        return admission

    async def end(self, admission: Admission) -> None:
        """Gives the slots of a request back and counts the tokens that it used, once."""
        await self._correct(admission, requests=1, tokens=admission.used_tokens)

    async def forgo(self, admission: Admission) -> None:
        """Counts a request nowhere, because its provider was never called."""
        await self._correct(admission, requests=0, tokens=0)

    async def forgo_later(self, admitting: "asyncio.Task[Admission]") -> None:
        """Does the same with one whose caller went away while it was being admitted."""
        with suppress(CoinslotError):  # who was refused has taken nothing
            await self.forgo(await admitting)

    async def _correct(self, admission: Admission, requests: int, tokens: int) -> None:
        if admission.has_ended or not admission.kept:
            return
        admission.has_ended = True
        used: dict[Measure, int] = {"requests": requests, "tokens": tokens, "running": 0}
        amounts = [used[kept.measure] for kept in admission.kept]
        await self._counter.correct(admission.ticket, [kept.take for kept in admission.kept], admission.at, amounts)

    async def check_spending(self, admission: Admission, snapshot: Snapshot, refusal: InsufficientFunds) -> None:
        """Raises LimitReached if a limit of spending leaves less than a refused hold needed; limits go before funds."""
        reached = await first_reached(admission.spending, refusal)
        if reached is not None:
            raise spending_reached(reached, snapshot)

    async def _fit(
        self, limits: Sequence[tuple[Scope, Limits]], request: ChatRequest, bound: Bound
    ) -> tuple[Bound, int | None]:
        """Lowers the output limit until a request fits what one request may use, and a minute's tokens.

        Returns the prompt's tokens too, where they had to be counted for that.
        """
        allowed = [
            (most, code, scope)
            for scope, each in limits
            for most, code in (
                (each.tokens_per_request, "tokens_per_request"),
                (each.tokens_per_minute, CODES["tokens"]),
            )
            if most is not None
        ]
        if not allowed:
            return bound, None
        most, code, scope = min(allowed)
        if bound.prompt_tokens + bound.output_tokens * bound.choices <= most:
            return bound, None
        tokens = await asyncio.to_thread(count_prompt, request, self._tokens)
        prompt = bound.prompt_tokens + (0 if tokens is None else min(tokens - request.prompt_bytes, 0))
        output = (most - prompt) // bound.choices
        if output < bound.output_tokens_least:
            message = f"{prompt} tokens of prompt leave no room for an answer: {most} tokens are what a request may use"
            raise RateReached(f"{message}, by the limit for {WHOSE[scope]}.", code, None)
        output = min(output, bound.output_tokens)
        return replace(bound, output_tokens=output, output_tokens_first=min(bound.output_tokens_first, output)), prompt


def _subjects(snapshot: Snapshot, user: str) -> dict[Scope, str]:
    names = {Scope.USER: f"user:{user}", Scope.KEY: f"key:{snapshot.key_id}", Scope.PAYWALL: "paywall"}
    return {scope: f"{snapshot.paywall_id}:{name}" for scope, name in names.items()}


def _estimate(request: ChatRequest, bound: Bound, prompt_tokens: int | None) -> int:
    """Returns what a request is counted as until it is known what it used."""
    if prompt_tokens is None:
        media = bound.prompt_tokens - request.prompt_bytes
        prompt_tokens = media - (-request.prompt_bytes // BYTES_PER_TOKEN)
    output = bound.output_tokens if request.output_limit else min(bound.output_tokens, OUTPUT_TOKENS_ESTIMATE)
    return prompt_tokens + output * bound.choices


def _kept(limits: Sequence[tuple[Scope, Limits]], subjects: dict[Scope, str], tokens: int) -> tuple[_Kept, ...]:
    found = []
    for scope, each in limits:
        measures: tuple[tuple[Measure, int | None, int], ...] = (
            ("requests", each.requests_per_minute, 1),
            ("tokens", each.tokens_per_minute, tokens),
            ("running", each.concurrency, 1),
        )
        for measure, limit, amount in measures:
            if limit is not None:
                take = Take(f"{subjects[scope]}:{measure}", limit, min(amount, limit), measure == "running")
                found.append(_Kept(scope, measure, take))
    return tuple(found)


def _rates(kept: Sequence[_Kept], counted: Sequence[Counted]) -> tuple[Rate, ...]:
    """Returns the tightest limit of requests and of tokens."""
    found: dict[Measure, Rate] = {}
    for each, count in zip(kept, counted, strict=True):
        if each.measure == "running":
            continue
        rate = Rate(each.measure, each.take.limit, max(each.take.limit - count.used, 0), count.reset_seconds)
        tightest = found.get(each.measure)
        if tightest is None or rate.remaining < tightest.remaining:
            found[each.measure] = rate
    return tuple(found.values())


def _reached(kept: _Kept, taken: Taken, rates: tuple[Rate, ...]) -> RateReached:
    seconds = min(max(-int(-taken.wait_seconds // 1), 1), RETRY_SECONDS_MAX)
    limit = TEXTS[kept.measure].format(limit=kept.take.limit)
    message = f"The limit for {WHOSE[kept.scope]} is {limit}. Try again in {seconds} s."
    return RateReached(message, CODES[kept.measure], seconds, rates)
