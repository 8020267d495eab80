"""The one decision about a chat request, before any money moves. Pure, over a snapshot and a user's standing.

The order is `decisions.md` 22. Whether the money is there is not decided here: the ledger grants the hold,
between the least and the most that are worked out here, or refuses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from app.domain.catalogue.models import OUTPUT_TOKENS_MAX, image_tokens_max, output_tokens_least, thinks_unseen
from app.domain.errors import BadField, Blocked, UnknownModel
from app.domain.ledger.accounts import AMOUNT_NANOS_MAX
from app.domain.ledger.operations import Epoch
from app.domain.money import format_for_people
from app.domain.paywalls.configuration import Mode
from app.domain.paywalls.messages import DEFAULT_MESSAGES, SHARED_MESSAGES, render
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import affordable_output_tokens, bound_nanos
from app.domain.wallets.wallets import UserWallet
from app.flows.chat_request import ChatRequest
from app.flows.snapshot import Snapshot

STREAM_OUTPUT_TOKENS = 1_024
"""What a streamed call holds of its output to begin with; it extends as it runs (`decisions.md` 2)."""

Action = Literal["authorize", "topup", "limit"]
REASONS: Mapping[Action, str] = {
    "authorize": "authorization_required", "topup": "insufficient_funds", "limit": "cap_reached",
}  # fmt: skip
"""Why a user is asked for something, as errors and events say it."""
Stopped = Action | Literal["none", "output"]
"""What the user is asked for when an answer was stopped; nothing where the developer's limit or its own length did."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a user in a paywall.

    `budgets` are the caps that their spending counts against, `may_use_priced` whether models that cost
    something are open to them. `wallet` is what they pay from, None while they have authorized nothing; `epochs`
    are what that rests on. In shared mode `account_id` is whose wallet it is, and `needs_month` says that this
    month's budget must be opened first.
    """

    is_blocked: bool = False
    is_frozen: bool = False
    is_authorized: bool = True
    may_use_priced: bool = True
    budgets: tuple[str, ...] = ()
    wallet: UserWallet | None = None
    epochs: tuple[Epoch, ...] = ()
    account_id: str | None = None
    needs_month: bool = False

    def asked_for(self, short_of: str | None, budgets: tuple[str, ...]) -> Stopped:
        """Returns what the user is asked for where this is short of what they pay; nothing by a developer's budget."""
        if short_of in self.budgets:
            return "limit"
        return "none" if short_of in budgets else "topup"

    @property
    def payer(self) -> UserWallet:
        """What they pay from. Raises Blocked where they have authorized nothing."""
        if self.wallet is None:
            raise Blocked("This user has not authorized the app to charge them.", "authorization_required")
        return self.wallet


@dataclass(frozen=True, slots=True)
class Ask:
    """The user is asked for something instead of the model: to authorize, to add funds, to raise their limit."""

    action: Action
    shortfall_nanos: int = 0
    balance_nanos: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """What a request may use at most: tokens of its prompt, and of each choice's output.

    `output_tokens_first` is what is held of that to begin with, 0 where it is all; `has_media` says that some
    may be of images or sound, `images` how many parts may cost what an image does.
    """

    prompt_tokens: int
    output_tokens: int
    output_tokens_least: int
    choices: int
    output_tokens_first: int = 0
    has_media: bool = False
    images: int = 0

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


@dataclass(frozen=True, slots=True)
class Go:
    """The request may run, if the developer's limits let it through and the ledger grants the hold."""

    offer: Offer
    bound: Bound


def decide(
    snapshot: Snapshot, standing: Standing, request: ChatRequest, *, has_thought_unseen: bool = False
) -> Go | Ask:
    """Decides what becomes of a request, in the order of `decisions.md` 22 up to the developer's limits.

    `has_thought_unseen` says that the model was seen to think, whatever its name says. Raises UnknownModel,
    BadField, Blocked.
    """
    if snapshot.configuration.provider.is_operators and (field := request.priced_field()) is not None:
        message = f"`{field}` would change what this request costs, and is not priced here."
        raise BadField(field, message, "unsupported_field")
    offer = find_offer(snapshot, request.model)
    bound = bound_of(request, offer, has_thought_unseen=has_thought_unseen)
    if standing.is_blocked:
        raise Blocked(f"This user is blocked in {snapshot.configuration.app_name}.")
    if standing.is_frozen:
        raise Blocked("This user's wallet is frozen; nothing can be charged to it.", "wallet_frozen")
    if not standing.is_authorized:
        return Ask("authorize")
    if not standing.may_use_priced and not offer.price.is_free:
        return Ask("topup", bound.nanos(offer, bound.output_tokens_least))
    return Go(offer, bound)


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


def bound_of(request: ChatRequest, offer: Offer, *, has_thought_unseen: bool = False) -> Bound:
    """Returns the bound of a request (`decisions.md` 2).

    Raises BadField for an image, sound or file where the model's largest price for one is unknown, and for
    an output that would cost more than can be counted.
    """
    output = request.output_limit or offer.output_tokens_max or OUTPUT_TOKENS_MAX
    least = min(output, output_tokens_least(request.model))
    # What a model thinks unseen cannot be metered while it thinks, so all of it is held.
    is_unseen = request.is_unseen or has_thought_unseen or thinks_unseen(request.model)
    is_extended = request.is_stream and not is_unseen
    bound = Bound(
        prompt_tokens=request.prompt_bytes + (media_tokens_max(request, offer) if request.media_parts else 0),
        output_tokens=output,
        output_tokens_least=least,
        choices=request.choices,
        output_tokens_first=min(output, STREAM_OUTPUT_TOKENS) if is_extended else 0,
        has_media=request.media_parts > 0 or request.wants_sound,
        images=request.media_parts if offer.price.image_nanos else 0,
    )
    if bound.nanos(offer, output) > AMOUNT_NANOS_MAX:
        field = request.limit_field or "n"
        raise BadField(field, f"`{field}` allows an answer that would cost more than can be counted.")
    return bound


def media_tokens_max(request: ChatRequest, offer: Offer) -> int:
    """Returns what images, sounds and files of a request can come to: each the model's largest price for one.

    What makers say of an image says nothing of a sound or a file, which may be as long as the model can read.
    Raises BadField where the model does not say.
    """
    image = anything = offer.part_tokens_max
    if request.long_parts and image == image_tokens_max(request.model):
        anything = offer.context_tokens_max
    images = request.media_parts - request.long_parts
    if (images and image is None) or (request.long_parts and anything is None):
        message = f"`messages` holds an image, audio or file part, whose price `{request.model}` does not say."
        raise BadField("messages", message, "unsupported_field")
    return images * (image or 0) + request.long_parts * (anything or 0)


def message_text(
    snapshot: Snapshot, action: str, url: str, shortfall_nanos: int, instead: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Returns what the assistant says instead of an answer, in the developer's words where there are any.

    `instead` are words of ours that fit better than the usual ones.
    """
    defaults = DEFAULT_MESSAGES if snapshot.mode is Mode.DEFAULT else {**DEFAULT_MESSAGES, **SHARED_MESSAGES}
    template = snapshot.configuration.messages.get(action) or instead.get(action) or defaults[action]
    shortfall = format_for_people(shortfall_nanos, snapshot.unit)
    return render(template, {"url": url, "name": snapshot.configuration.app_name, "shortfall": shortfall})
