"""What the page of the catalogue shows, ready to be read: models as they are listed, and the newest day's drift."""

from dataclasses import dataclass, field

from app.db import Session
from app.domain.catalogue.catalogue import ListedModel, read_listed, read_vanished
from app.domain.money import format_decimal
from app.domain.usage.drift import Drift, read_drift
from app.flows.catalogue.drift import SHARE_TOLD_PERCENT
from app.web.operator.frame.lines import LineRow

LISTED_MAX = 50


@dataclass(frozen=True)
class CataloguePage:
    """Everything on the page; `words` is what was looked for, `lead` how many models there are."""

    words: str = ""
    lead: str = ""
    models: list[LineRow] = field(default_factory=list)
    drifts: list[LineRow] = field(default_factory=list)


def read_catalogue_page(session: Session, words: str) -> CataloguePage:
    """Reads the models whose names have the words in them, and what providers said that a day cost."""
    listed, gone = read_listed(session), read_vanished(session)
    found = sorted(name for name in listed if words.lower() in name.lower())
    unpriced = sum(model.price is None for model in listed.values())
    lead = f"{len(listed):,} models: {unpriced:,} without a price, {len(gone):,} gone."
    if len(found) > LISTED_MAX:
        lead += f" First {LISTED_MAX} of {len(found):,}."
    drifts = sorted(read_drift(session), key=lambda one: -abs(one.share))
    return CataloguePage(words, lead, [_model(listed[name]) for name in found[:LISTED_MAX]],
                         [_drift(one) for one in drifts[:LISTED_MAX]])  # fmt: skip


def _model(one: ListedModel) -> LineRow:
    if one.price is None:
        return LineRow(one.model, one.model, "It has no price by the token, and no paywall follows it.", tone="wait")
    asked, answered = (f"${format_decimal(nanos)}" for nanos in (one.price.input_nanos, one.price.output_nanos))
    return LineRow(one.model, one.model, f"{one.display_name} · {asked} in and {answered} out per million tokens")


def _drift(one: Drift) -> LineRow:
    percent = float(one.share * 100)
    ours, theirs = (f"${format_decimal(nanos)}" for nanos in (one.own_nanos, one.provider_nanos))
    is_off = abs(percent) >= SHARE_TOLD_PERCENT
    requests = "1 request" if one.requests == 1 else f"{one.requests:,} requests"
    return LineRow(
        id=f"{one.provider}:{one.model}",
        title=f"{one.model} at {one.provider}",
        detail=f"{one.day}: {requests} cost {ours} by our prices and {theirs} by theirs, {percent:+.2f} %.",
        mend="Compare the price with the provider's own page; the next list may already have it." if is_off else "",
        tone="wait" if is_off else "ok",
    )
