"""Which model is asked where the first is left to us: among those that can take the request and are open to who asks.

Models that are passed by at the moment, because they fail, are not chosen while there are others.
"""

from app.domain.catalogue.models import output_tokens_least
from app.domain.credentials.matching import Match
from app.domain.errors import UnknownModel
from app.domain.legs.legs import Source
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import Tokens, unrounded
from app.domain.routing.auto import Candidate, Choice, Goal, choose, task_of
from app.domain.routing.breaker import BreakerName
from app.domain.routing.wanted import Routing
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.decide import Basis, find_own
from app.flows.providers.breakers import Breakers, name_of
from app.formats.openai_request import ChatRequest

BYTES_PER_TOKEN = 4
"""The usual length of a token: of what is only compared, about is enough."""
OUTPUT_TOKENS_EXPECTED = 500
"""How long an answer is taken to be where the prices of models are compared."""


def prompt_tokens_about(request: ChatRequest) -> int:
    """Returns about how many tokens a prompt has."""
    return -(-request.prompt_bytes // BYTES_PER_TOKEN)


def breaker_of(snapshot: Snapshot, offer: Offer, own: Match | None = None) -> BreakerName:
    """Returns the name of a model's breaker, where the paywall's own provider or a user's own key serves it."""
    setting = snapshot.configuration.provider_of(offer.provider)
    if own is not None:
        return name_of(snapshot.paywall_id, setting, own.model, own.key)
    return name_of(snapshot.paywall_id, setting, offer.upstream_model or offer.price.model)


def choose_model(breakers: Breakers, basis: Basis, request: ChatRequest, routing: Routing) -> Choice:
    """Returns what is chosen for a request: where own keys are to pay, among the models that they serve, if any.

    Raises UnknownModel where nothing here can take it.
    """
    snapshot, standing, source = basis.snapshot, basis.standing, basis.payer.source
    goal = routing.goal or Goal.BALANCED
    able = [offer for offer in snapshot.offers.values() if _can_take(request, offer)]
    own = {offer.price.model: find_own(standing, offer, offer.price.model, source) for offer in able}
    open_ = [offer for offer in able if own[offer.price.model] or standing.may_use_priced or offer.price.is_free]
    if source is Source.OWN:
        open_ = [offer for offer in able if own[offer.price.model]] or open_
    elif standing.may_use_priced and goal is not Goal.COST:
        # Free models have few places, and whoever pays asked for more than the cheapest.
        open_ = [offer for offer in open_ if not offer.price.is_free] or open_
    names = {offer.price.model: breaker_of(snapshot, offer, own[offer.price.model]) for offer in open_}
    going = [offer for offer in open_ if not breakers.is_passed_by(names[offer.price.model])] or open_
    candidates = [_candidate(breakers, names[offer.price.model], request, offer) for offer in going]
    text, characters = _texts(request)
    choice = choose(candidates, goal, task_of(text, characters))
    if choice is None:
        raise UnknownModel("No model that is open to you here can take this request.")
    return choice


def _candidate(breakers: Breakers, name: BreakerName, request: ChatRequest, offer: Offer) -> Candidate:
    nanos = unrounded(offer.price, Tokens(prompt_tokens_about(request), OUTPUT_TOKENS_EXPECTED))
    took = breakers.milliseconds(name)
    return Candidate(offer.price.model, nanos, took, is_steady=took is not None and breakers.is_free(name))


def _can_take(request: ChatRequest, offer: Offer) -> bool:
    """Tells whether a model can take a request, as far as can be told without counting it."""
    window = offer.context_tokens_max
    least = prompt_tokens_about(request) + output_tokens_least(offer.price.model)
    return (window is None or least <= window) and (not request.media_parts or offer.part_tokens_max is not None)


def _texts(request: ChatRequest) -> tuple[str, int]:
    """Returns the text of the last question, and how long all texts are; what is no text counts for nothing."""
    last, characters = "", 0
    for message in request.body["messages"]:
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
        text = "\n".join(one for one in texts if isinstance(one, str))
        characters += len(text)
        if message.get("role") == "user":
            last = text
    return last, characters
