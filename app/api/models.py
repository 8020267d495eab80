"""GET /v1/models: OpenAI's list, with what each model costs this paywall's users."""

from typing import Any

from fastapi import APIRouter

from app.api.dependencies import Caller
from app.domain import clock
from app.domain.money import NANOS, format_fraction
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import BASIS_POINTS, Price
from app.flows.decide import find_offer

router = APIRouter(tags=["models"])


@router.get("/models")
async def list_models(caller: Caller) -> dict[str, Any]:
    """Returns every model that has a price; prices per million tokens include the markup."""
    return {"object": "list", "data": [_model(model, offer) for model, offer in caller.offers.items()]}


@router.get("/models/{model:path}")
async def get_model(caller: Caller, model: str) -> dict[str, Any]:
    """Returns one model."""
    return _model(model, find_offer(caller, model))


def _own_prices(price: Price) -> list[tuple[str, int | None]]:
    """Returns the kinds of token that may have a price of their own, as the list names them."""
    return [
        ("cache_write", price.cache_write_nanos),
        ("image", price.image_input_nanos),
        ("audio", price.audio_input_nanos),
        ("reasoning", price.reasoning_nanos),
        ("audio_completion", price.audio_output_nanos),
    ]


def _model(model: str, offer: Offer) -> dict[str, Any]:
    price = offer.price

    def with_markup(nanos: int) -> str:
        return format_fraction(nanos * (BASIS_POINTS + price.markup_basis_points), NANOS * BASIS_POINTS)

    return {
        "id": model,
        "object": "model",
        "created": offer.created_at // clock.SECOND,
        "owned_by": "coinslot",
        "name": model,
        "display_name": offer.display_name,
        "description": offer.description,
        "context_length": offer.context_tokens_max,
        "is_free": price.is_free,
        "pricing": {
            "prompt": with_markup(price.input_nanos),
            "cached_prompt": with_markup(price.cached_input_nanos),
            "completion": with_markup(price.output_nanos),
            "request": with_markup(price.request_nanos),
            **{name: with_markup(nanos) for name, nanos in _own_prices(price) if nanos is not None},
        },
    }
