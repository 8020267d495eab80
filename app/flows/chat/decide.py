"""The one decision about a chat request, before any money moves. Pure, over a snapshot and a user's standing.

The order is `decisions.md` 22. Whether the money is there is not decided here: the ledger grants the hold,
between the least and the most that are worked out here, or refuses it.
"""

from app.domain.catalogue.models import OUTPUT_TOKENS_MAX, image_tokens_max, output_tokens_least, thinks_unseen
from app.domain.credentials.hosts import headers_at
from app.domain.credentials.matching import Match, OwnKey, find_match
from app.domain.errors import BadField, Blocked, UnknownModel
from app.domain.ledger.accounts import AMOUNT_NANOS_MAX
from app.domain.legs.legs import Source
from app.domain.orders.orders import Order
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.bound import Bound
from app.domain.pricing.price_book import Offer
from app.domain.pricing.unpaid import unpaid
from app.domain.record import record
from app.flows.callers.asked import Action, Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.user import Standing
from app.formats.openai_request import ChatRequest

STREAM_OUTPUT_TOKENS = 1_024
"""What a streamed call holds of its output to begin with; it extends as it runs (`decisions.md` 2)."""


FREE_ONLY = "Free credits are for free models: this one opens with your first top-up."


@record(frozen=True, slots=True)
class Go:
    """The request may run, if the developer's limits let it through and the ledger grants the hold.

    `setting` is the model's provider and `request` what it is asked, under the model's name there. By an own key,
    `own`, that is the key's host, and the offer costs nothing.
    """

    offer: Offer
    setting: ProviderSetting
    request: ChatRequest
    bound: Bound
    own: OwnKey | None = None


@record(frozen=True, slots=True)
class Payer:
    """Who is asked to pay the providers of a request: a `source`, None where that was left open, and the `order` that
    it belongs to, None for none."""

    source: Source | None = None
    order: Order | None = None


WALLET_PAYS = Payer(Source.PLATFORM)


@record(frozen=True, slots=True)
class Basis:
    """What the decisions of one request rest on: its paywall, its user's standing there, and who is asked to pay."""

    snapshot: Snapshot
    standing: Standing
    payer: Payer = WALLET_PAYS


def decide_on(basis: Basis, request: ChatRequest, *, has_thought_unseen: bool = False) -> Go | Ask:
    """Decides as `decide`, and once more where its user lets the wallet pay for an order that no key of theirs can
    serve."""
    order = basis.payer.order

    def by(source: Source | None) -> Go | Ask:
        return decide(
            basis.snapshot, basis.standing, request, has_thought_unseen=has_thought_unseen, source=source, order=order
        )

    found = by(basis.payer.source)
    no_key = isinstance(found, Ask) and found.action is Action.OWN_KEY
    may_pay = order is not None and order.lets_pay(basis.standing.account_id)
    return by(Source.PLATFORM) if no_key and may_pay else found


def decide(
    snapshot: Snapshot,
    standing: Standing,
    request: ChatRequest,
    *,
    has_thought_unseen: bool = False,
    source: Source | None = Source.PLATFORM,
    order: Order | None = None,
) -> Go | Ask:
    """Decides what becomes of a request, in the order of `decisions.md` 22 up to the developer's limits.

    `has_thought_unseen` says that the model was seen to think, whatever its name says. `source` is who is asked to pay
    its provider, None where that was left open; whoever says more than `PLATFORM` sends what goes by an own key by it.
    `order` is the one that the request belongs to. Raises UnknownModel, BadField, Blocked.
    """
    offer = snapshot.offers.get(request.model)
    is_open = order is not None and order.billing is None
    if offer is not None and not is_open and (found := find_own(standing, offer, request.model, source)) is not None:
        return _by_own_key(snapshot, standing, offer, request, found)
    setting = snapshot.configuration.provider_of(None if offer is None else offer.provider)
    sent = request if offer is None or offer.upstream_model is None else request.sent_as(offer.upstream_model)
    if setting.is_operators and (field := sent.priced_field()) is not None:
        message = f"`{field}` would change what this request costs, and is not priced here."
        raise BadField(field, message, "unsupported_field")
    offer = find_offer(snapshot, request.model)
    bound = bound_of(sent, offer, has_thought_unseen=has_thought_unseen)
    check_standing(snapshot, standing)
    if not standing.is_authorized:
        return Ask(Action.AUTHORIZE)
    if order is not None and is_open:
        return Ask(Action.ORDER, order_id=order.id)
    if source is Source.OWN:
        return Ask(Action.OWN_KEY, needs_consent=standing.own is None)
    if not standing.may_use_priced and not offer.price.is_free:
        return Ask(Action.TOPUP, bound.nanos(offer, bound.output_tokens_least), beside=FREE_ONLY, is_locked=True)
    return Go(offer, setting, sent, bound)


def check_standing(snapshot: Snapshot, standing: Standing) -> None:
    """Raises Blocked for a user whom the developer refuses, and for one whose wallet is frozen."""
    if standing.is_blocked:
        raise Blocked(f"This user is blocked in {snapshot.configuration.app_name}.")
    if standing.is_frozen:
        raise Blocked("This user's wallet is frozen; nothing can be charged to it.", "wallet_frozen")


def find_own(standing: Standing, offer: Offer, model: str, source: Source | None) -> Match | None:
    """Returns the own key that a request goes by: where the user allows it, one serves the model, and nobody says that
    the wallet shall pay."""
    own = standing.own
    if own is None or source is Source.PLATFORM or (source is None and not own.go_first):
        return None
    return find_match(own.keys, model, offer.upstream_model)


def _by_own_key(snapshot: Snapshot, standing: Standing, offer: Offer, request: ChatRequest, found: Match) -> Go:
    """Decides a request that goes by an own key: nothing of it is priced, and it opens every model that is offered."""
    key, sent, free = found.key, request.sent_as(found.model), unpaid(offer)
    check_standing(snapshot, standing)
    setting = ProviderSetting(key.recorded_as, key.base_url, auth=key.auth, headers=headers_at(key.base_url))
    return Go(free, setting, sent, bound_of(sent, free, is_priced=False), key)


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


def bound_of(request: ChatRequest, offer: Offer, *, has_thought_unseen: bool = False, is_priced: bool = True) -> Bound:
    """Returns the bound of a request as it is sent, with the model's name there (`decisions.md` 2).

    Images, sounds and files are not bounded where nothing `is_priced`. Raises BadField for one of them where the
    model's largest price for one is unknown, and for an output that would cost more than can be counted.
    """
    output = request.output_limit or offer.output_tokens_max or OUTPUT_TOKENS_MAX
    least = min(output, output_tokens_least(request.model))
    # What a model thinks unseen cannot be metered while it thinks, so all of it is held.
    is_unseen = request.is_unseen or has_thought_unseen or thinks_unseen(request.model)
    is_extended = request.is_stream and not is_unseen
    bound = Bound(
        prompt_tokens=request.prompt_bytes
        + (media_tokens_max(request, offer) if request.media_parts and is_priced else 0),
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
        message = f"`messages` holds an image, audio or file part, whose price `{offer.price.model}` does not say."
        raise BadField("messages", message, "unsupported_field")
    return images * (image or 0) + request.long_parts * (anything or 0)
