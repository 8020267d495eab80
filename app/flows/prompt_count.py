"""Counts tokens where nobody else did: of a prompt whose bound does not fit, of an answer without usage."""

from dataclasses import replace

from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.flows.chat_request import ChatRequest
from app.flows.ports import TokenCounter

MESSAGE_TOKENS = 4
"""Tokens that frame a message, and REPLY_TOKENS those that begin the reply (OpenAI's cookbook)."""
REPLY_TOKENS = 3


def count_prompt(request: ChatRequest, counter: TokenCounter) -> int | None:
    """Returns the tokens of a prompt's text, None if it is too long to count. Blocking."""
    tokens = counter.count(request.prompt_text(), request.model)
    return None if tokens is None else tokens + MESSAGE_TOKENS * request.message_count + REPLY_TOKENS


def count_answer(
    request: ChatRequest, output_text: str | None, counter: TokenCounter, part_tokens: int, output_bound: int
) -> Tokens:
    """Returns an estimate of prompt and output; where a text is too long to count, its bound. Blocking."""
    prompt = count_prompt(request, counter)
    output = counter.count(output_text, request.model) if output_text is not None else None
    return Tokens(
        prompt=(request.prompt_bytes if prompt is None else prompt) + part_tokens * request.media_parts,
        output=output_bound if output is None else output,
    )


def with_images(metered: Metered, request: ChatRequest, images_max: int) -> Metered:
    """Returns what was used with the images that were sent, where they have a price: `images_max` is 0 elsewhere."""
    if not images_max or metered.tokens is None:
        return metered
    return replace(metered, tokens=replace(metered.tokens, images=request.image_count()))
