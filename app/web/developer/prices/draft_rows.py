"""What a draft of prices comes to, in words: model by model, how far, what loses, and what is to be asked once."""

from dataclasses import dataclass, field

from app.domain.pricing.quote import TokenKind
from app.flows.pricing.drafts import Difference, Planned, summary
from app.web.developer.prices import words

DIFFERENCES_MAX = 20


@dataclass(frozen=True)
class DifferenceRow:
    """One model of a draft: what users pay before and after."""

    model: str = ""
    before: str = ""
    after: str = ""
    moved: str = ""
    problem: str = ""


@dataclass(frozen=True)
class DraftView:
    """What a draft comes to. `said` is its size in words; `ask` the question of a change of ten times or more."""

    count: int = 0
    said: str = ""
    facts: list[str] = field(default_factory=list)
    rows: list[DifferenceRow] = field(default_factory=list)
    more: str = ""
    refused: list[DifferenceRow] = field(default_factory=list)
    ask: str = ""
    markup: str = ""


def view_draft(planned: Planned, markup_before: int) -> DraftView:
    """Returns what a draft comes to: how many change, how far, what falls below cost, and what cannot be."""
    if planned.is_empty:
        return DraftView()
    differences, count = planned.differences, len(planned.differences)
    below = sum(bool(each.below_cost) for each in differences)
    facts = [
        f"{'Largest rise' if kind == 'rise' else 'Deepest fall'}: {each.model}, "
        f"{words.share(each.moved.rise if kind == 'rise' else each.moved.fall)}"
        for kind, each in summary(differences)
    ]
    facts.append(f"{below:,} fall{'s' if below == 1 else ''} below cost" if below else "None falls below cost")
    wild = [each.model for each in differences if each.moved.is_tenfold]
    markup = planned.prices.markup_basis_points
    said = f"{count:,} price{'s' if count != 1 else ''} change{'s' if count == 1 else ''}"
    return DraftView(
        count=count,
        said=said + (f", {len(planned.refused):,} cannot be" if planned.refused else ""),
        facts=facts if differences else [],
        rows=[_difference(each) for each in differences[:DIFFERENCES_MAX]],
        more=f"and {count - DIFFERENCES_MAX:,} more" if count > DIFFERENCES_MAX else "",
        refused=[DifferenceRow(model=model, problem=words.refusal(reason))
                 for model, reason in list(planned.refused.items())[:DIFFERENCES_MAX]],
        ask=f"{_named(wild)} changes ten times or more. Is that meant?" if wild else "",
        markup="" if markup is None else f"{words.percent(markup_before)} → {words.percent(markup)}",
    )  # fmt: skip


def _named(models: list[str]) -> str:
    return models[0] if len(models) == 1 else f"{models[0]} and {len(models) - 1:,} more: each"


def _difference(each: Difference) -> DifferenceRow:
    before, after = (
        "not offered" if price is None else
        f"{words.rate(price, TokenKind.INPUT)} in, {words.rate(price, TokenKind.OUTPUT)} out {words.fee_words(price)}"
        for price in (each.before, each.after)
    )  # fmt: skip
    return DifferenceRow(each.model, before.strip(), after.strip(), words.moved_words(each.moved))
