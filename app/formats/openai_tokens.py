"""Counts tokens where nobody else did: of a prompt whose bound does not fit, of an answer without usage."""

from dataclasses import replace
from typing import Protocol

from app.domain.catalogue.image_tokens import image_tokens
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.formats.image_size import size_of
from app.formats.openai_message import Written
from app.formats.openai_request import ChatRequest

MESSAGE_TOKENS = 4
"""Tokens that frame a message, and REPLY_TOKENS those that begin the reply (OpenAI's cookbook)."""
REPLY_TOKENS = 3


class TextCounter(Protocol):
    """Counts the tokens of a text as a model does."""

    def count(self, text: str, model: str) -> int | None:
        """Returns the tokens of a text, None if it is too long to count. Blocking."""
        ...


def count_prompt(request: ChatRequest, counter: TextCounter) -> int | None:
    """Returns the tokens of a prompt's text, None if it is too long to count. Blocking."""
    tokens = counter.count(request.prompt_text(), request.model)
    return None if tokens is None else tokens + MESSAGE_TOKENS * request.message_count + REPLY_TOKENS


def prompt_tokens(request: ChatRequest, offer: Offer, counter: TextCounter) -> int:
    """Returns an estimate of a whole prompt, images, sound and files included. Blocking.

    A text that is too long to count stands at its bound. No prompt is longer than what the model can read.
    """
    text = count_prompt(request, counter)
    tokens = (request.prompt_bytes if text is None else text) + _media_tokens(request, offer)
    return tokens if offer.context_tokens_max is None else min(tokens, offer.context_tokens_max)


def _media_tokens(request: ChatRequest, offer: Offer) -> int:
    """Returns about what the parts that are no text come to: an image as its maker's table says, never more than held.

    Nobody says what a sound or a file is; it is no more than a part can be, nor than its bytes.
    """
    total = 0
    for part in request.media():
        most = offer.part_tokens_max if part.is_image else offer.context_tokens_max or offer.part_tokens_max
        tokens = image_tokens(request.model, size_of(part.data), part.detail) if part.is_image else part.bytes_max
        total += min((count for count in (tokens, most) if count is not None), default=0)
    return total


def count_written(written: Written, model: str, counter: TextCounter) -> int | None:
    """Returns the tokens of what was written, None if it is too long to count. Blocking."""
    tokens = counter.count(written.text, model)
    return None if tokens is None else tokens + written.media_tokens


def count_answer(
    request: ChatRequest, offer: Offer, written: Written | None, counter: TextCounter, output_bound: int
) -> Tokens:
    """Returns an estimate of prompt and output; where what was written is too long to count, its bound. Blocking."""
    prompt = prompt_tokens(request, offer, counter)
    output = None if written is None else count_written(written, request.model, counter)
    return Tokens(prompt, output_bound if output is None else output)


def with_images(metered: Metered, request: ChatRequest, images_max: int) -> Metered:
    """Returns what was used with the images that were sent, where they have a price: `images_max` is 0 elsewhere."""
    if not images_max or metered.tokens is None:
        return metered
    return replace(metered, tokens=replace(metered.tokens, images=request.image_count()))
