"""Sends a chat request upstream with the output limit that its hold pays for, or with less where the model allows less.

A limit that the client set is the client's: what the model says of it is passed on. One that we set, because nobody
did, must not be why a request fails (`decisions.md` 2).
"""

import json
from collections.abc import Callable
from dataclasses import replace

import structlog

from app import threads
from app.domain.catalogue.models import is_reasoning
from app.domain.errors import ProviderFailed
from app.domain.pricing.bound import Bound
from app.domain.pricing.price_book import Offer
from app.flows.callers.snapshot import Snapshot
from app.formats.openai_limits import NamedLimit, read_named_limit
from app.formats.openai_request import ChatRequest
from app.formats.openai_tokens import prompt_tokens
from app.ports.providers import ProviderAnswer, Providers
from app.ports.tokens import TokenCounter

log = structlog.get_logger()

REFUSALS = (400, 413, 422)
"""With what providers refuse a limit; each may mean anything else."""
LONG_BYTES = 200_000
"""From here on writing a prompt, or media, would hold the event loop up for longer than a hop to a thread."""
LIMIT_TOKENS_MIN = 16
"""Less than this is no answer; OpenAI refuses it."""


async def within_window(request: ChatRequest, offer: Offer, bound: Bound, counter: TokenCounter) -> Bound:
    """Returns a bound whose output fits into the model's window, where that is known and nobody set a limit.

    The prompt is counted only where its bytes leave too little.
    """
    window = offer.context_tokens_max
    if window is None or request.output_limit is not None or bound.prompt_tokens + bound.output_tokens <= window:
        return bound
    tokens = await threads.COUNT.run(prompt_tokens, request, offer, counter)
    output = min(bound.output_tokens, max(window - tokens, bound.output_tokens_least))
    return replace(bound, output_tokens=output, output_tokens_first=min(bound.output_tokens_first, output))


async def send(
    providers: Providers,
    snapshot: Snapshot,
    request: ChatRequest,
    offer: Offer,
    output_limit: int,
    counter: TokenCounter,
) -> tuple[ProviderAnswer, int]:
    """Returns the answer that has begun, and the output limit that it was asked for with.

    Where nobody set one and the provider's refusal names less, the request is repeated once with that. Raises
    ProviderFailed.
    """
    setting = snapshot.configuration.provider
    provider, target = providers.find(snapshot.paywall_id, setting)
    field = setting.limit_field_of(is_reasoning(request.model))

    def body(limit: int) -> bytes:
        return request.upstream_body(limit, field, is_operators_key=setting.is_operators)

    try:
        return await provider.send(target, await _written(request, body, output_limit)), output_limit
    except ProviderFailed as refusal:
        if request.output_limit is not None or refusal.status not in REFUSALS or refusal.body is None:
            raise
        named = read_named_limit(json.dumps(refusal.body, ensure_ascii=False), output_limit)
        less = None if named is None else await _fitting(named, request, offer, counter)
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
