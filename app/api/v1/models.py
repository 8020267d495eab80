"""GET /v1/models: OpenAI's list, with what each model costs this paywall's users."""

from typing import Any

from fastapi import APIRouter

from app.api.common.dependencies import Payer
from app.domain import clock
from app.domain.errors import NotFound
from app.domain.money import NANOS, Unit, format_fraction
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import BASIS_POINTS, PER_MILLION, Price, Tier
from app.flows.chat.decide import find_offer

router = APIRouter(tags=["models"])
_UNITS = {Unit.CREDIT: "credits"}


@router.get("/models")
async def list_models(caller: Payer) -> dict[str, Any]:
    """Returns every model that has a price; prices per million tokens include the markup."""
    return {"object": "list", "data": [describe(model, offer) for model, offer in caller.offers.items()]}


@router.get("/models/{model:path}")
async def get_model(caller: Payer, model: str) -> dict[str, Any]:
    """Returns one model. Raises NotFound where none is named: the list lives without the slash."""
    if not model:
        raise NotFound("There is no GET /v1/models/. The list is at /v1/models.")
    return describe(model, find_offer(caller, model))


def _prices(price: Price | Tier) -> list[tuple[str, int | None]]:
    """Returns what each kind of token costs, as the list names them; None for one without a price of its own."""
    return [
        ("prompt", price.input_nanos),
        ("cached_prompt", price.cached_input_nanos),
        ("completion", price.output_nanos),
        ("cache_write", price.cache_write_nanos),
        ("image", price.image_input_nanos),
        ("audio", price.audio_input_nanos),
        ("reasoning", price.reasoning_nanos),
        ("audio_completion", price.audio_output_nanos),
        ("image_completion", price.image_output_nanos),
    ]


def describe(model: str, offer: Offer) -> dict[str, Any]:
    """Returns a model as the list has it."""
    price = offer.price

    def with_markup(nanos: int, parts: int = 1) -> str:
        return format_fraction(nanos * (BASIS_POINTS + price.markup_basis_points), parts * NANOS * BASIS_POINTS)

    def of_tokens(priced: Price | Tier) -> dict[str, Any]:
        return {name: with_markup(nanos) for name, nanos in _prices(priced) if nanos is not None}

    pricing = of_tokens(price) | {"request": with_markup(price.request_nanos)}
    if price.image_nanos:
        pricing["per_image"] = with_markup(price.image_nanos, PER_MILLION)
    if price.tiers:
        pricing["tiers"] = [{"from_prompt_tokens": tier.from_tokens, **of_tokens(tier)} for tier in price.tiers]
    return {
        "id": model,
        "object": "model",
        "created": offer.created_at // clock.SECOND,
        "owned_by": "coinslot",
        "name": model,
        "display_name": offer.display_name,
        "description": offer.description,
        "context_length": offer.context_tokens_max,
        "max_completion_tokens": offer.output_tokens_max,
        "is_free": price.is_free,
        "pricing": pricing,
    }


def say_price(listed: dict[str, Any], unit: Unit) -> str:
    """Says what a model costs, as the list of models has it."""
    if listed["is_free"]:
        return "Free"
    each = listed["pricing"]
    per_million = f"{_grouped(each['prompt'])} in · {_grouped(each['completion'])} out"
    words = f"{per_million} · {_UNITS.get(unit, unit.value)} per million tokens"
    return words if each["request"] == "0" else f"{words} · {_grouped(each['request'])} a message"


def _grouped(number: str) -> str:
    """Returns a decimal with its thousands parted, as people read it."""
    whole, dot, decimals = number.partition(".")
    return f"{int(whole):,}{dot}{decimals}"
