"""/v1/manage/paywalls/{id}/prices: what each model costs, read and changed as one version."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app import db, wiring
from app.api.v1.manage.caller import ManageBody, Owner, only
from app.api.v1.webhooks import takes
from app.domain.errors import BadField
from app.domain.money import format_decimal, format_fraction, parse_amount
from app.domain.paywalls.configuration import read_current
from app.domain.pricing.price_book import NewPrice, read_offers
from app.flows.paywalls.change import change
from app.flows.paywalls.prices import Place, Prices

router = APIRouter(prefix="/manage/paywalls/{paywall_id}", tags=["manage"])

MODELS_MAX = 1_000
PERCENT_NANOS = 10_000_000
"""A hundredth of a per cent, as an amount is read: a basis point."""


class PriceBody(BaseModel):
    """What a model costs before the markup: decimal strings of the unit, per million tokens."""

    model: str
    input: str
    output: str
    cached_input: str
    request: str
    minimum: str
    markup_percent: str


class PricesBody(BaseModel):
    """`version` is the paywall's, which a change is made on."""

    version: int
    unit: str
    data: list[PriceBody]


class OwnPrice(BaseModel):
    """A price of the developer's own. What is left out costs nothing, but for cached input, which costs as input."""

    model: str
    input: str
    output: str
    cached_input: str | None = None
    request: str = "0"
    minimum: str = "0"
    markup_percent: str = "0"


class ChangeBody(BaseModel):
    """All of it is one version, or nothing is changed. `read_version` is the version that it was decided on."""

    read_version: int
    own: list[OwnPrice] = Field(default_factory=list)
    follow: list[str] = Field(default_factory=list, description="Models that take the catalogue's price again.")
    off: list[str] = Field(default_factory=list, description="Models that are offered no more.")


@router.get("/prices", response_model=PricesBody)
async def get_prices(owner: Owner) -> PricesBody:
    """Returns the prices that count now."""
    return await db.in_transaction(lambda session: _read(session, owner.paywall_id))


@router.post("/prices", response_model=PricesBody, openapi_extra=takes(ChangeBody))
async def post_prices(owner: Owner, body: ManageBody) -> PricesBody:
    """Changes prices as one version; 409 where another version was published meanwhile, and nothing is changed."""
    said = only(body, "read_version", "own", "follow", "off")
    version = said.get("read_version")
    if type(version) is not int:
        raise BadField("read_version", "`read_version` must be the version that you read.")
    wanted = Prices(
        own=[_own(price, f"own[{number}]") for number, price in enumerate(_list(said, "own"))],
        follow=[Place(_word(model, "follow")) for model in _list(said, "follow")],
        off=[_word(model, "off") for model in _list(said, "off")],
    )
    await change(owner, wiring.get().parts.prices, wanted, version)
    return await db.in_transaction(lambda session: _read(session, owner.paywall_id))


def _read(session: db.Session, paywall_id: str) -> PricesBody:
    paywall, _ = read_current(session, paywall_id)
    offers = read_offers(session, paywall.id, paywall.unit).priced
    return PricesBody(version=paywall.version, unit=paywall.unit.value, data=[
        PriceBody(
            model=model,
            input=format_decimal(offer.price.input_nanos),
            output=format_decimal(offer.price.output_nanos),
            cached_input=format_decimal(offer.price.cached_input_nanos),
            request=format_decimal(offer.price.request_nanos),
            minimum=format_decimal(offer.price.minimum_nanos),
            markup_percent=format_fraction(offer.price.markup_basis_points, 100),
        )
        for model, offer in sorted(offers.items())
    ])  # fmt: skip


def _list(said: dict[str, Any], name: str) -> list[Any]:
    found = said.get(name, [])
    if not isinstance(found, list) or len(found) > MODELS_MAX:
        raise BadField(name, f"`{name}` must be a list of at most {MODELS_MAX}.")
    return found


def _word(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise BadField(field, f"`{field}` must name models by their ids.")
    return value


def _own(price: object, place: str) -> NewPrice:
    """Returns a price of the developer's own. Raises BadField, which names the field by its place in the list."""
    if not isinstance(price, dict):
        raise BadField(place, f"`{place}` must be an object with a model and its prices.")
    said = only(price, *OwnPrice.model_fields, within=f"{place}.")
    markup = _amount(said, place, "markup_percent", "0")
    if markup % PERCENT_NANOS:
        raise BadField(f"{place}.markup_percent", f"`{place}.markup_percent` has at most two decimals.")
    return NewPrice(
        model=_word(said.get("model"), f"{place}.model"),
        input_nanos=_amount(said, place, "input"),
        output_nanos=_amount(said, place, "output"),
        cached_input_nanos=None if said.get("cached_input") is None else _amount(said, place, "cached_input"),
        request_nanos=_amount(said, place, "request", "0"),
        minimum_nanos=_amount(said, place, "minimum", "0"),
        markup_basis_points=markup // PERCENT_NANOS,
    )


def _amount(said: dict[str, Any], place: str, name: str, otherwise: str | None = None) -> int:
    """Returns an amount, which may be nothing: a model that is free. Raises BadField where it is not there."""
    return parse_amount(said.get(name, otherwise), f"{place}.{name}", may_be_zero=True)
