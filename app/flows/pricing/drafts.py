"""A draft of prices: steps of a developer, what they come to, and how far that is from what users pay now.

Nothing of it is stored before it is published (`decisions.md` 34). What is shown and what is published are made by one
computation, the desk of `app/flows/paywalls/prices.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from operator import attrgetter

from app.domain.errors import BadField
from app.domain.pricing.margins import Moved, kinds_at_a_loss, moved
from app.domain.pricing.own_price import raised
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import Price
from app.domain.pricing.tables import ModelPrice, PriceSource
from app.domain.record import record
from app.flows.paywalls.prices import Place, PriceDesk, Prices

NAMES_MAX = 4_000
"""How many models all steps of a draft may name: a page remembers them, and must stay small."""


@dataclass(frozen=True, slots=True)
class Own:
    """One model shall cost what its developer says."""

    price: NewPrice


@dataclass(frozen=True, slots=True)
class Raised:
    """These shall cost their users this much more than now, or less; they are the developer's own prices then."""

    models: tuple[str, ...]
    basis_points: int


@dataclass(frozen=True, slots=True)
class Followed:
    """These shall cost what the catalogue says, with the paywall's markup, served by whom `provider` names."""

    models: tuple[str, ...]
    provider: str | None = None
    upstream_model: str | None = None


@dataclass(frozen=True, slots=True)
class TakenOff:
    """These shall be offered no more."""

    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """All that follow the catalogue shall have this markup."""

    markup_basis_points: int


Step = Own | Raised | Followed | TakenOff | Marked


@record(frozen=True, slots=False)
class Difference:
    """What changes of one model: `before` is None for what is not offered now, `after` for what will not be.

    `new` is `after` as it would be stored; `below_cost` names its kinds that bring less than the provider asks.
    """

    model: str
    before: Price | None
    after: Price | None
    new: NewPrice | None = None
    below_cost: tuple[str, ...] = ()

    @cached_property
    def moved(self) -> Moved:
        """How far what users pay moves; nothing where the model comes or goes."""
        return Moved() if self.before is None or self.after is None else moved(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a draft comes to: the change for `change`, each model that differs, and those refused with the reason.

    A markup that is left as it is is None in `prices`.
    """

    prices: Prices = field(default_factory=Prices)
    differences: tuple[Difference, ...] = ()
    refused: Mapping[str, BadField] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return not self.differences and self.prices.markup_basis_points is None and not self.refused

    @property
    def by_model(self) -> Mapping[str, Difference]:
        """What changes, by the models' names."""
        return {difference.model: difference for difference in self.differences}


def check_size(steps: Iterable[Step]) -> None:
    """Raises BadField for a draft that names more models than a page can remember."""
    if sum(len(_named(step)) for step in steps) > NAMES_MAX:
        raise BadField("draft", f"This draft names more than {NAMES_MAX} models. Publish it, and go on from there.")


def without(steps: Iterable[Step], model: str) -> tuple[Step, ...]:
    """Returns a draft that leaves a model as it is, but for a markup of all."""
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, Own):
            kept += [step] if step.price.model != model else []
        elif isinstance(step, Marked):
            kept.append(step)
        elif left := tuple(name for name in step.models if name != model):
            kept.append(replace(step, models=left))
    return tuple(kept)


def plan(desk: PriceDesk, steps: Iterable[Step]) -> Planned:
    """Returns what the steps come to, one after the other; what cannot be is refused by its model's name.

    Raises BadField for a markup that cannot be.
    """
    before = {model: row for model, row in desk.latest.items() if row.retired_at is None}
    markup = desk.configuration.markup_basis_points
    wanted: dict[str, _Wish] = {}
    for step in steps:
        if isinstance(step, Marked):
            desk.mark_up(step.markup_basis_points)
        else:
            _wish(desk, wanted, step)
    made, refused = dict[str, _Made | None](), dict[str, BadField]()
    is_marked = desk.configuration.markup_basis_points != markup
    for model, wish in {**(_marked_up(desk) if is_marked else {}), **wanted}.items():
        try:
            new = None if wish is None else _made(desk, wish)
            made[model] = None if new is None else (new, desk.checked_price(new))
        except BadField as refusal:
            refused[model] = refusal
    changed = [
        difference for model, new in made.items() if (difference := _difference(desk, model, before.get(model), new))
    ]
    names = {difference.model for difference in changed}
    chosen = {model: wish for model, wish in wanted.items() if model in names}
    return Planned(
        Prices(
            own=[new_price[0] for model, wish in chosen.items()
                 if isinstance(wish, NewPrice) and (new_price := made[model]) is not None],
            follow=[wish for wish in chosen.values() if isinstance(wish, Place)],
            off=[model for model, wish in chosen.items() if wish is None],
            markup_basis_points=desk.configuration.markup_basis_points if is_marked else None,
        ),
        tuple(sorted(changed, key=lambda difference: difference.model)),
        refused,
    )  # fmt: skip


_Wish = NewPrice | Place | None
"""A price of the developer's own, a place that follows the catalogue, or None for what is taken off."""
_Made = tuple[NewPrice, Price]
"""A price as it would be stored, and as the arithmetic wants it."""


def _wish(desk: PriceDesk, wanted: dict[str, _Wish], step: Own | Raised | Followed | TakenOff) -> None:
    if isinstance(step, Own):
        wanted[step.price.model] = step.price
    elif isinstance(step, TakenOff):
        wanted.update(dict.fromkeys(step.models))
    elif isinstance(step, Followed):
        wanted.update({model: Place(model, step.provider, step.upstream_model) for model in step.models})
    else:
        for model in step.models:
            if (base := _base(desk, wanted, model)) is not None:
                wanted[model] = raised(base, step.basis_points)


def _base(desk: PriceDesk, wanted: Mapping[str, _Wish], model: str) -> NewPrice | None:
    """Returns what a model costs after the steps before, None where it is not offered."""
    if model in wanted:
        wish = wanted[model]
        try:
            return desk.following(wish) if isinstance(wish, Place) else wish
        except BadField:
            return None
    row = desk.latest.get(model)
    return desk.stored(row) if row is not None and row.retired_at is None else None


def _marked_up(desk: PriceDesk) -> dict[str, _Wish]:
    return {price.model: price for price in desk.marked_up()}


def _made(desk: PriceDesk, wish: NewPrice | Place) -> NewPrice:
    if isinstance(wish, Place):
        return desk.following(wish)
    return desk.own(wish) if wish.source is PriceSource.DEVELOPER else wish


def _difference(desk: PriceDesk, model: str, row: ModelPrice | None, made: _Made | None) -> Difference | None:
    if row is None and made is None:
        return None
    old = None if row is None else desk.stored(row)
    if old is not None and made is not None and _as_charged(made[0]) == _as_charged(old):
        return None
    before = None if row is None else desk.charged(row)
    if made is None:
        return Difference(model, before, None)
    new, after = made
    return Difference(model, before, after, new, _below_cost(desk, model, new, after))


def _below_cost(desk: PriceDesk, model: str, new: NewPrice, after: Price) -> tuple[str, ...]:
    terms, row = desk.terms_for(new.provider), desk.latest.get(model)
    # Where the provider is paid of the charge, a price below what it asks was refused already.
    if row is None or (terms is not None and terms.pays_provider):
        return ()
    asked = desk.asked_of(row, pays=False)
    return () if asked is None else kinds_at_a_loss(after, terms, asked)


_NOT_CHARGED = {"display_name", "description", "cost", "context_tokens_max", "output_tokens_max", "part_tokens_max"}
_CHARGED = attrgetter(
    *(each.name for each in fields(NewPrice) if each.name not in {*_NOT_CHARGED, "cached_input_nanos"})
)


def _as_charged(price: NewPrice) -> tuple[object, ...]:
    """Returns a price without what nobody sets by hand, so that what was only written anew is no change."""
    cached = price.input_nanos if price.cached_input_nanos is None else price.cached_input_nanos
    return (cached, *_CHARGED(price))


def _named(step: Step) -> tuple[str, ...]:
    if isinstance(step, Own):
        return (step.price.model,)
    return () if isinstance(step, Marked) else step.models


def summary(differences: Iterable[Difference]) -> Iterator[tuple[str, Difference]]:
    """Yields the largest rise and the deepest fall of a draft, as `rise` and `fall`, where there is one."""
    listed = list(differences)
    risen = [each for each in listed if each.moved.rise != (1, 1)]
    fallen = [each for each in listed if each.moved.fall != (1, 1)]
    if risen:
        yield "rise", max(risen, key=lambda each: each.moved.rise[0] / each.moved.rise[1])
    if fallen:
        yield "fall", min(fallen, key=lambda each: each.moved.fall[0] / each.moved.fall[1])
