"""The one decision about a chat request, before any money moves. Pure, over a snapshot.

The order is `decisions.md` 22. Whether the money is there is not decided here: the ledger grants the hold,
between the least and the most that are worked out here, or refuses it.
"""

from dataclasses import dataclass

from app.domain.catalogue.models import OUTPUT_TOKENS_MAX, output_tokens_least
from app.domain.errors import BadField, UnknownModel
from app.domain.money import format_for_people
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import affordable_output_tokens, bound_nanos
from app.flows.chat_request import ChatRequest
from app.flows.snapshot import Snapshot

DEFAULT_MESSAGES = {
    "topup": "Your {{ name }} wallet does not have enough left for this message. Add funds here: {{ url }}\n\n"
    "Then send the message again. This one was not charged.",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """What a request may use at most: tokens of its prompt, and of each choice's output."""

    prompt_tokens: int
    output_tokens: int
    output_tokens_least: int
    choices: int

    def nanos(self, offer: Offer, output_tokens: int) -> int:
        """Returns what the request costs at most with this output limit."""
        return bound_nanos(offer.price, self.prompt_tokens, output_tokens * self.choices)

    def fitting_output_tokens(self, offer: Offer, nanos: int) -> int:
        """Returns the largest output limit that a grant pays for, never below the least."""
        fitting = affordable_output_tokens(offer.price, self.prompt_tokens, self.output_tokens * self.choices, nanos)
        return max(fitting // self.choices, self.output_tokens_least)


def find_offer(snapshot: Snapshot, model: str) -> Offer:
    """Returns the offer of a model. Raises UnknownModel: no price is never a price of zero."""
    offer = snapshot.offers.get(model)
    if offer is not None:
        return offer
    if model in snapshot.unpriced:
        raise UnknownModel(
            f"The model `{model}` has no price in this paywall, so it cannot be used.", "model_not_priced"
        )
    raise UnknownModel(f"The model `{model}` does not exist in this paywall.")


def bound_of(request: ChatRequest, offer: Offer) -> Bound:
    """Returns the bound of a request (`decisions.md` 2).

    Raises BadField for an image, sound or file where the model's largest price for one is unknown.
    """
    if request.media_parts and offer.part_tokens_max is None:
        message = f"`messages` holds an image, audio or file part, whose price `{request.model}` does not say."
        raise BadField("messages", message, "unsupported_field")
    output = request.output_limit or offer.output_tokens_max or OUTPUT_TOKENS_MAX
    return Bound(
        prompt_tokens=request.prompt_bytes + request.media_parts * (offer.part_tokens_max or 0),
        output_tokens=output,
        output_tokens_least=min(output, output_tokens_least(request.model)),
        choices=request.choices,
    )


def message_text(snapshot: Snapshot, action: str, url: str, shortfall_nanos: int) -> str:
    """Returns what the assistant says instead of an answer, in the developer's words where there are any."""
    template = snapshot.configuration.messages.get(action) or DEFAULT_MESSAGES[action]
    values = {
        "url": url,
        "name": snapshot.configuration.app_name,
        "shortfall": format_for_people(shortfall_nanos, snapshot.unit),
    }
    for name, value in values.items():
        template = template.replace("{{ " + name + " }}", value).replace("{{" + name + "}}", value)
    return template
