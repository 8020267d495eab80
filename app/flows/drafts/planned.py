"""What the models of a planned paywall will cost: one computation for what the wizard shows and what is made."""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.domain.catalogue.catalogue import read_listed
from app.domain.drafts.drafts import Plan, PlannedProvider
from app.domain.earnings.charge_split import terms_of
from app.domain.errors import BadField
from app.domain.paywalls.provider import DEMO
from app.domain.pricing import price_book
from app.domain.pricing.list_price import LISTED, ListPrice
from app.domain.pricing.margins import brought_by
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import Price, Tokens, charge_nanos
from app.domain.pricing.split import SplitTerms, check_share
from app.domain.pricing.tables import PriceSource
from app.flows.catalogue.defaults import Known, to_new_price
from app.flows.paywalls.demo import demo_price
from app.flows.paywalls.prices import PriceRules

TYPICAL_CHAT = Tokens(prompt=1_000, output=500)
"""What a price is shown for: a question with some history, and an answer of a page."""


_A_MILLION_IN, _A_MILLION_OUT = Tokens(1_000_000, 0), Tokens(0, 1_000_000)


@dataclass(frozen=True, slots=True)
class PlannedPrice:
    """A price as it would be set, and what the provider asks for the same in the unit of the plan."""

    price: NewPrice
    asked: ListPrice


@dataclass(frozen=True, slots=True)
class PlannedPrices:
    """The prices of what a provider lists, in its order, and the models that nobody knows the price of."""

    priced: tuple[PlannedPrice, ...]
    unpriced: tuple[str, ...]


def plan_prices(session: Session, rules: PriceRules, plan: Plan) -> PlannedPrices:
    """Returns what each model of a plan costs. Raises BadField for a price that would leave the developer nothing."""
    listed, provider = read_listed(session), plan.provider
    priced, unpriced = [], []
    for model in provider.models if provider is not None else ():
        found = listed.get(model) or rules.catalogue.find(model)
        planned = None if provider is None else _plan_price(plan, provider, model, found, rules)
        if planned is None:
            unpriced.append(model)
        else:
            priced.append(planned)
    return PlannedPrices(tuple(priced), tuple(unpriced))


def _plan_price(
    plan: Plan, provider: PlannedProvider, model: str, found: Known | None, rules: PriceRules
) -> PlannedPrice | None:
    unit, markup = plan.rules.unit, plan.markup_basis_points
    is_demo = provider.setting.name == DEMO
    price = demo_price(model, markup) if is_demo else found and to_new_price(model, found, unit, markup)
    if not price:
        return None
    asked = ListPrice(**{name: getattr(price, name) for name in LISTED}, tiers=price.tiers)
    terms = terms_of(plan.mode, provider.setting.name, rules.fee_basis_points)
    if plan.has_own_prices:
        fee = price.request_nanos + plan.request_nanos
        # What the developer asks on top is never owed to whoever serves the model.
        cost = asked if terms is not None and terms.pays_provider else None
        price = replace(price, request_nanos=fee, minimum_nanos=plan.minimum_nanos, source=PriceSource.DEVELOPER,
                        cost=cost)  # fmt: skip
    price_book.check(price)
    if terms is not None:
        _check_share(terms, price_book.to_price(price, unit))
    return PlannedPrice(price, asked)


def _check_share(terms: SplitTerms, price: Price) -> None:
    """Raises BadField of the markup, which alone can mend that, for a price that leaves the developer nothing."""
    try:
        check_share(terms, price)
    except BadField as loss:
        raise BadField("markup_basis_points", loss.message) from None


@dataclass(frozen=True, slots=True)
class ModelEstimate:
    """What a model costs a user, in nanos: per million tokens, and a typical chat, of which `left_nanos` stay.

    `left_nanos` is what is left of that chat's charge after what the provider asks and the platform's fee.
    """

    model: str
    input_nanos: int
    output_nanos: int
    chat_nanos: int
    left_nanos: int


def estimate(rules: PriceRules, plan: Plan, planned: PlannedPrice) -> ModelEstimate:
    """Returns what a planned price means for a user, by the arithmetic that charges."""
    unit, model = plan.rules.unit, planned.price.model
    price, asked = price_book.to_price(planned.price, unit), planned.asked.to_price(model, unit)
    name = "" if plan.provider is None else plan.provider.setting.name
    chat = brought_by(price, TYPICAL_CHAT, terms_of(plan.mode, name, rules.fee_basis_points), asked)
    by_token = replace(price, request_nanos=0, minimum_nanos=0, tiers=())
    return ModelEstimate(model, charge_nanos(by_token, _A_MILLION_IN), charge_nanos(by_token, _A_MILLION_OUT),
                         chat.user, chat.developer or 0)  # fmt: skip
