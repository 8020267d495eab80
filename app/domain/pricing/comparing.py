"""What differs between two versions of a paywall: its configuration, name by name, and the prices of its models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain.money import format_decimal
from app.domain.paywalls.members import Manager
from app.domain.paywalls.versions import show_version
from app.domain.pricing.price_book import AMOUNTS, prices_at
from app.domain.pricing.tables import ModelPrice

PRICES = "prices"
_WORDS_OF_PRICE = ("markup_basis_points", "source", "provider", "upstream_model", "tiers")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two versions say differently; None where one of them does not say it at all.

    `name` is the configuration's own, with dots (`limits.user.requests`), or a model's name below `prices`.
    """

    section: str
    name: str
    before: str | None
    after: str | None


def compare(session: Session, manager: Manager, before: int, after: int) -> list[Difference]:
    """Returns what an earlier and a later version of a paywall say differently, as its manager may see them.

    Raises NotFound, NotAllowed.
    """
    old, new = (show_version(session, manager, number).configuration.to_json() for number in (before, after))
    differences = list(_differing(dict(_flat(old)), dict(_flat(new))))
    prices_before, prices_after = (prices_at(session, manager.paywall_id, number) for number in (before, after))
    for model in sorted({*prices_before, *prices_after}):
        was, now = _price(prices_before.get(model)), _price(prices_after.get(model))
        if was != now:
            differences.append(_of_price(model, was, now))
    return differences


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[Difference]:
    for name in [*old, *(name for name in new if name not in old)]:
        if old.get(name) != new.get(name):
            yield Difference(name.split(".")[0], name, old.get(name), new.get(name))


def _flat(value: Any, name: str = "") -> Iterable[tuple[str, str]]:
    """Yields each leaf of a configuration's JSON with its name; a list of several things has a number for each."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value, start=1):
            label = inner["name"] if isinstance(inner, dict) and inner.get("name") else str(place)
            yield from _flat(inner, f"{name}.{label}")
    elif value is not None and value != "":
        yield name, _said(value)


def _said(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _price(row: ModelPrice | None) -> Mapping[str, str]:
    """Returns what a price says, by names that people know; nothing for a model that is not offered."""
    if row is None:
        return {}
    amounts = {name.removesuffix("_nanos"): format_decimal(getattr(row, name)) for name in AMOUNTS
               if getattr(row, name)}  # fmt: skip
    words = {name: str(value) for name in _WORDS_OF_PRICE if (value := getattr(row, name))}
    return amounts | words


def _of_price(model: str, was: Mapping[str, str], now: Mapping[str, str]) -> Difference:
    changed = [name for name in dict.fromkeys((*was, *now)) if was.get(name) != now.get(name)]
    return Difference(PRICES, model, _written(was, changed), _written(now, changed))


def _written(price: Mapping[str, str], names: Iterable[str]) -> str | None:
    return ", ".join(f"{name.replace('_', ' ')} {price.get(name, '–')}" for name in names) if price else None
