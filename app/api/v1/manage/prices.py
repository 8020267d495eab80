"""/v1/manage/paywalls/{id}/prices: what each model costs, read and changed as one version."""

import re
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app import db, wiring
from app.api.v1.manage.caller import ManageBody, Owner, only
from app.api.v1.webhooks import takes
from app.domain.errors import BadField
from app.domain.money import format_decimal, format_fraction, parse_amount
from app.domain.paywalls.configuration import read_current
from app.domain.pricing.list_price import tiers_to_json
from app.domain.pricing.price_book import MARKUP_BASIS_POINTS_MAX, NewPrice, read_latest, read_offers, to_new_price
from app.domain.pricing.quote import Price
from app.domain.pricing.tables import KINDS, ModelPrice, PriceSource, RetiredBecause
from app.domain.record import changed
from app.flows.paywalls.change import change
from app.flows.paywalls.prices import Place, Prices

router = APIRouter(prefix="/manage/paywalls/{paywall_id}", tags=["manage"])

MODELS_MAX, NAME_MAX = 1_000, 200
PERCENT_NANOS = 10_000_000
"""A hundredth of a per cent, as an amount is read: a basis point."""
_KINDS = ("cached_input", *(name.removesuffix("_nanos") for name in KINDS))
_NOTHING = ("image", "request", "minimum")
"""What costs nothing where it is cleared."""


class PriceBody(BaseModel):
    """What a model costs before the markup: decimal strings of the unit, per million tokens or images.

    A kind that is null costs what input or output does. `tiers` are the steps for long prompts, each from
    `from_tokens` on.
    """

    model: str
    input: str
    output: str
    cached_input: str
    cache_write: str | None
    image_input: str | None
    audio_input: str | None
    reasoning: str | None
    audio_output: str | None
    image_output: str | None
    image: str
    request: str
    minimum: str
    markup_percent: str
    tiers: list[dict[str, str | int]]


class PricesBody(BaseModel):
    """`version` is the paywall's, which a change is made on."""

    version: int
    unit: str
    data: list[PriceBody]


class OwnPrice(BaseModel):
    """A price of the developer's own: what is left out stays as it is, and what is null is cleared.

    A cleared kind costs what input or output does, a cleared `image`, `request`, `minimum` or `markup_percent` is
    nothing. A model that had no price needs `input` and `output`. Steps for long prompts can be cleared here.
    """

    model: str
    input: str | None = None
    output: str | None = None
    cached_input: str | None = None
    cache_write: str | None = None
    image_input: str | None = None
    audio_input: str | None = None
    reasoning: str | None = None
    audio_output: str | None = None
    image_output: str | None = None
    image: str | None = None
    request: str | None = None
    minimum: str | None = None
    markup_percent: str | None = None
    tiers: None = None


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
    own = [_read_own(price, f"own[{number}]") for number, price in enumerate(_list(said, "own"))]
    # What is kept of a price is of this version or of a newer one, and then nothing is changed.
    before = await db.in_transaction(lambda session: read_latest(session, owner.paywall_id)) if own else {}
    wanted = Prices(
        own=[_own(price, f"own[{number}]", before.get(price["model"])) for number, price in enumerate(own)],
        follow=[Place(_word(model, "follow")) for model in _list(said, "follow")],
        off=[_word(model, "off") for model in _list(said, "off")],
    )
    try:
        await change(owner, wiring.get().parts.prices, wanted, version)
    except BadField as refusal:
        raise _as_sent(refusal, wanted) from None
    return await db.in_transaction(lambda session: _read(session, owner.paywall_id))


def _as_sent(refusal: BadField, wanted: Prices) -> BadField:
    """Returns what a flow says of a price by the names of this API, and by its place where one price alone is meant."""
    stored = refusal.field or ""
    name = "markup_percent" if stored == "markup_basis_points" else stored.removesuffix("_nanos")
    message = refusal.message.replace(f"`{stored}`", f"`{name}`")
    said = re.findall(r"[^\s`]+", refusal.message)
    sent = {f"own[{number}].{name}": price.model for number, price in enumerate(wanted.own)}
    if name == "model":
        sent |= {f"follow[{number}]": place.model for number, place in enumerate(wanted.follow)}
        sent |= {f"off[{number}]": model for number, model in enumerate(wanted.off)}
    places = [place for place, model in sent.items() if model in said]
    return BadField(places[0] if len(places) == 1 else name, message, refusal.code)


def _read(session: db.Session, paywall_id: str) -> PricesBody:
    paywall, _ = read_current(session, paywall_id)
    offers = read_offers(session, paywall.id, paywall.unit).priced
    prices = [_body(model, offer.price) for model, offer in sorted(offers.items())]
    return PricesBody(version=paywall.version, unit=paywall.unit.value, data=prices)


def _body(model: str, price: Price) -> PriceBody:
    kinds = {name: getattr(price, f"{name}_nanos") for name in _KINDS}
    return PriceBody(
        model=model,
        input=format_decimal(price.input_nanos),
        output=format_decimal(price.output_nanos),
        **{name: None if nanos is None else format_decimal(nanos) for name, nanos in kinds.items()},
        image=format_decimal(price.image_nanos),
        request=format_decimal(price.request_nanos),
        minimum=format_decimal(price.minimum_nanos),
        markup_percent=format_fraction(price.markup_basis_points, 100),
        tiers=[
            {name.removesuffix("_nanos"): value if name == "from_tokens" else format_decimal(value)
             for name, value in tier.items()}
            for tier in tiers_to_json(price.tiers) or ()
        ],
    )  # fmt: skip


def _list(said: dict[str, Any], name: str) -> list[Any]:
    found = said.get(name, [])
    if not isinstance(found, list) or len(found) > MODELS_MAX:
        raise BadField(name, f"`{name}` must be a list of at most {MODELS_MAX}.")
    return found


def _word(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise BadField(field, f"`{field}` must name models by their ids.")
    return value


def _read_own(price: object, place: str) -> dict[str, Any]:
    """Returns what was sent of a price. Raises BadField, which names the field by its place in the list."""
    if not isinstance(price, dict):
        raise BadField(place, f"`{place}` must be an object with a model and its prices.")
    said = only(price, *OwnPrice.model_fields, within=f"{place}.")
    if not 1 <= len(_word(said.get("model"), f"{place}.model")) <= NAME_MAX:
        raise BadField(f"{place}.model", f"`{place}.model` must have 1 to {NAME_MAX} characters.")
    if said.get("tiers") is not None:
        raise BadField(f"{place}.tiers", f"`{place}.tiers` can be left out or null: the page of prices sets steps.")
    return said


def _own(said: dict[str, Any], place: str, row: ModelPrice | None) -> NewPrice:
    """Returns a price of the developer's own in the place of the one that there is. Raises BadField."""
    is_known = row is not None and row.retired_because is not RetiredBecause.UNPRICED
    base = NewPrice(said["model"], 0, 0) if row is None else to_new_price(row)
    if base.cached_input_nanos == base.input_nanos:
        base = changed(base, cached_input_nanos=None)  # it follows the input wherever that goes
    given: dict[str, Any] = {}
    for name in ("input", "output"):
        if name in said or not is_known:
            given[f"{name}_nanos"] = _amount(said, place, name)
    for name in (*_KINDS, *_NOTHING):
        if name in said:
            cleared = None if name in _KINDS else 0
            given[f"{name}_nanos"] = cleared if said[name] is None else _amount(said, place, name)
    if "markup_percent" in said:
        markup = 0 if said["markup_percent"] is None else _amount(said, place, "markup_percent")
        if markup % PERCENT_NANOS:
            raise BadField(f"{place}.markup_percent", f"`{place}.markup_percent` has at most two decimals.")
        if markup > MARKUP_BASIS_POINTS_MAX * PERCENT_NANOS:
            raise BadField(f"{place}.markup_percent", f"`{place}.markup_percent` must be at most 10000.")
        given["markup_basis_points"] = markup // PERCENT_NANOS
    if "tiers" in said:
        given["tiers"] = ()
    # Who serves it stays as it is too, which is what naming nobody says.
    return changed(base, source=PriceSource.DEVELOPER, cost=None, provider=None, upstream_model=None, **given)


def _amount(said: dict[str, Any], place: str, name: str) -> int:
    """Returns an amount, which may be nothing: a model that is free. Raises BadField where it is not there."""
    return parse_amount(said.get(name), f"{place}.{name}", may_be_zero=True)
