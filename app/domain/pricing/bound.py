"""The bound of a request: what it may use at most (`decisions.md` 2)."""

from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import affordable_output_tokens, bound_nanos, largest, unrounded_bound
from app.domain.record import record


@record(frozen=True, slots=True)
class Bound:
    """What a request may use at most: tokens of its prompt, and of each choice's output.

    `output_tokens_first` is what is held of that to begin with, 0 where it is all; `has_media` says that some
    may be of images or sound, `images` how many parts may cost what an image does. `hearers` are the models that hear
    the prompt, where several are bounded together.
    """

    prompt_tokens: int
    output_tokens: int
    output_tokens_least: int
    choices: int
    output_tokens_first: int = 0
    has_media: bool = False
    images: int = 0
    hearers: int = 1

    @property
    def tokens(self) -> int:
        """All tokens together."""
        return self.prompt_tokens + self.output_tokens * self.choices

    @property
    def first(self) -> int:
        """The output of each choice that is held to begin with."""
        return self.output_tokens_first or self.output_tokens

    def nanos(self, offer: Offer, output_tokens: int) -> int:
        """Returns what the request costs at most with this output limit."""
        return self.nanos_of_all(offer, output_tokens * self.choices)

    def nanos_of_all(self, offer: Offer, output_tokens: int) -> int:
        """Returns what the request costs at most with this output of all choices together."""
        return bound_nanos(offer.price, self.prompt_tokens, output_tokens, has_media=self.has_media, images=self.images)

    def affordable_tokens(self, offer: Offer, limit: int, nanos: int) -> int:
        """Returns the largest output of all choices together, at most `limit`, that an amount pays for."""
        return affordable_output_tokens(
            offer.price, self.prompt_tokens, limit, nanos, has_media=self.has_media, images=self.images
        )

    def fitting_output_tokens(self, offer: Offer, nanos: int) -> int:
        """Returns the largest output limit that a grant pays for, never below the least."""
        fitting = self.affordable_tokens(offer, self.output_tokens * self.choices, nanos)
        return max(fitting // self.choices, self.output_tokens_least)

    def unrounded(self, offer: Offer, output_tokens: int) -> int:
        """Returns what the request costs at most with this output limit before it is rounded, in parts of a nano."""
        return unrounded_bound(
            offer.price, self.prompt_tokens, output_tokens * self.choices, has_media=self.has_media, images=self.images
        )

    def fitting_in(self, offer: Offer, parts: int) -> int:
        """Returns the largest output limit that so many parts of a nano pay for, never below the least."""
        fitting = largest(self.output_tokens, lambda tokens: self.unrounded(offer, tokens) <= parts)
        return max(fitting, self.output_tokens_least)
