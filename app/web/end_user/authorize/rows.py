"""What the consent page shows, ready to be read."""

from dataclasses import dataclass, field

from app.db import Session
from app.domain.icons.icons import icon_path
from app.domain.money import NANOS, Environment, Unit, format_decimal, format_for_people
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import BASIS_POINTS
from app.flows.callers.links import AppLink
from app.flows.people.consent import read_consent
from app.web.frame.format import initials

PRICES_MAX = 50


@dataclass(frozen=True)
class PriceRow:
    """A model and what a million tokens of it cost, markup included."""

    model: str = ""
    prompt: str = ""
    output: str = ""


@dataclass(frozen=True)
class ConsentRow:
    """Who asks, for whom, and what the person has."""

    app_name: str = ""
    app_host: str = ""
    app_text: str = ""
    initials: str = ""
    icon: str = ""
    external_id: str = ""
    available: str = ""
    is_empty: bool = False
    trial: str = ""
    return_host: str = ""
    is_sandbox: bool = False
    is_connected: bool = False
    is_taken: bool = False
    prices: list[PriceRow] = field(default_factory=list)
    price_count: str = ""
    shows_own_keys: bool = False


def read_consent_row(session: Session, link: AppLink, account_id: str) -> tuple[ConsentRow, str, int | None]:
    """Reads what a link asks of a person, the cap to begin with as it is typed, and how many requests a day may go by
    own keys now."""
    view = read_consent(session, link, account_id)
    prices = [_price(offer) for offer in view.offers[:PRICES_MAX]]
    row = ConsentRow(
        app_name=view.app_name,
        app_host=view.app_host,
        app_text=view.app_text,
        initials=initials(view.app_name),
        icon=icon_path(session, link.paywall_id),
        external_id=view.external_id,
        available=format_for_people(view.available_nanos, Unit.USDC),
        is_empty=view.available_nanos <= 0,
        trial=format_for_people(view.trial_nanos, Unit.USDC) if view.trial_nanos else "",
        return_host=view.return_host,
        is_sandbox=view.environment is Environment.SANDBOX,
        is_connected=view.is_connected,
        is_taken=view.is_taken,
        prices=prices,
        price_count=f"{len(view.offers)} model{'s' if len(view.offers) != 1 else ''}",
        shows_own_keys=view.has_own_keys or view.own_keys_per_day is not None,
    )
    return row, format_decimal(view.cap_nanos), view.own_keys_per_day


def _price(offer: Offer) -> PriceRow:
    def with_markup(nanos: int) -> str:
        exact = nanos * (BASIS_POINTS + offer.price.markup_basis_points) // BASIS_POINTS
        whole, _, decimals = format_decimal(exact).partition(".")
        return f"{whole}.{decimals:0<2}" if nanos < NANOS * 1_000 else whole

    return PriceRow(offer.price.model, with_markup(offer.price.input_nanos), with_markup(offer.price.output_nanos))
