"""What the page of usage shows, ready to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain import clock
from app.domain.analytics.own import By, Sum, Use, month_ago, read_usage
from app.domain.legs.sharing import in_whole
from app.domain.money import CENT_NANOS, Unit, format_finely, format_for_people, format_sum
from app.domain.orders.orders import read_order_names
from app.domain.paywalls.names import read_names
from app.domain.people.sessions import Person
from app.domain.wallets.shared import shared_wallet_id
from app.web.end_user.usage.stopped_rows import StoppedRow, read_stopped
from app.web.end_user.wallet.rows import choose_environment
from app.web.frame.format import ago, counted, model_name, paid_by
from app.wiring.rules import credits_environment_of

NEWEST = 25
_TITLES = {By.MODEL: "By model", By.APP: "By app", By.ORDER: "By order", By.SESSION: "By session"}


@dataclass(frozen=True)
class SumRow:
    """A line of a table of sums; `source` says whose money or key paid."""

    key: str = ""
    name: str = ""
    source: str = ""
    used: str = ""
    charged: str = ""


@dataclass(frozen=True)
class SumTable:
    """A table of sums."""

    title: str = ""
    rows: list[SumRow] = field(default_factory=list)


@dataclass(frozen=True)
class UseRow:
    """A request: what was reserved for it, what it was charged, and the difference, empty while it runs."""

    id: str = ""
    title: str = ""
    detail: str = ""
    when: str = ""
    at: str = ""
    reserved: str = ""
    charged: str = ""
    difference: str = ""


@dataclass(frozen=True)
class UsagePage:
    """Everything on the page; `looked` says how far it was looked back, where that was not 30 days.

    `stopped` is the safety log.
    """

    totals: list[SumRow] = field(default_factory=list)
    tables: list[SumTable] = field(default_factory=list)
    uses: list[UseRow] = field(default_factory=list)
    looked: str = ""
    stopped: list[StoppedRow] = field(default_factory=list)


def read_usage_page(session: Session, person: Person) -> UsagePage:
    """Reads what a person's wallets paid for in 30 days."""
    environment, _ = choose_environment(session, person, "")
    credits_of = credits_environment_of(wiring.get().settings)
    wallets = (shared_wallet_id(person.account_id, environment),
               shared_wallet_id(person.account_id, credits_of, Unit.CREDIT))  # fmt: skip
    found = read_usage(session, wallets, month_ago())
    shown = {one.name for one in found.by(By.ORDER)} | {use.order for use in found.uses[:NEWEST] if use.order}
    orders = read_order_names(session, shown)
    names = {**read_names(session, {use.paywall_id for use in found.uses}), **orders}
    tables = [SumTable(_TITLES[by], _sums(found.by(by), names, by)) for by in By]
    looked = "" if found.looked_until is None else f"Looked back to {clock.to_iso(found.looked_until)[:10]}."
    return UsagePage(
        totals=_sums(found.totals(), names, None),
        tables=[table for table in tables if table.rows],
        uses=[_use(use, names) for use in found.uses[:NEWEST]],
        looked=looked,
        stopped=read_stopped(session, wallets),
    )


def _sums(sums: Sequence[Sum], names: Mapping[str, str], by: By | None) -> list[SumRow]:
    words = sums_words([(one.charged, one.unit) for one in sums])
    return [_sum(one, charged, names, by) for one, charged in zip(sums, words, strict=True)]


def _sum(one: Sum, charged: str, names: Mapping[str, str], by: By | None) -> SumRow:
    name = names.get(one.name, one.name) if by in (By.APP, By.ORDER) else model_name(one.name)
    if one.others:
        name = f"{one.others:,} others"
    return SumRow(
        key=f"{one.name}:{one.unit}:{one.source}:{one.others}",
        name=name or ("One-off charges" if by is By.MODEL else "All"),
        source=paid_by(one.source, one.unit),
        used=f"{counted(one.requests, 'request')} · {counted(one.tokens, 'token')}",
        charged=charged,
    )


def sums_words(sums: Sequence[tuple[int, Unit]]) -> list[str]:
    """Returns what the lines of a table came to. Credits are charged whole and a model's share may be a part of one: to
    the hundredth, so that the lines come to what all of them are.
    """
    hundredths = iter(in_whole([nanos for nanos, unit in sums if unit is Unit.CREDIT], CENT_NANOS))
    return [
        _share_words(nanos, next(hundredths)) if unit is Unit.CREDIT else format_finely(nanos, unit)
        for nanos, unit in sums
    ]


def _share_words(nanos: int, hundredths: int) -> str:
    """Returns a share in hundredths; what is less than one of them is said by two digits that count."""
    is_less = 0 < nanos < CENT_NANOS
    return format_sum(nanos, Unit.CREDIT) if is_less else format_for_people(hundredths * CENT_NANOS, Unit.CREDIT)


def _use(use: Use, names: Mapping[str, str]) -> UseRow:
    title = "Given back" if use.is_refund else model_name(use.model) or "One-off charge"
    if use.legs and not use.is_refund:
        title = ", ".join(dict.fromkeys(part.model for part in use.legs))
    payers = dict.fromkeys(paid_by(part.source, use.unit) for part in use.parts)
    labels = [model_name(use.mode), names.get(use.paywall_id, ""), " and ".join(payers), use.session,
              names.get(use.order or "")]  # fmt: skip
    tokens = [counted(use.tokens, "token")] if use.tokens else []
    return UseRow(
        id=use.id,
        title=title,
        detail=" · ".join([label for label in labels if label and label != title] + tokens),
        when=ago(use.at),
        at=clock.to_iso(use.at),
        reserved=_money(use.reserved, use.unit) if use.reserved else "",
        charged="running" if use.is_running else _money(use.charged, use.unit),
        difference="" if use.is_running or use.is_refund else _difference(use),
    )


def _money(nanos: int, unit: Unit) -> str:
    return format_for_people(nanos, unit) if unit is Unit.CREDIT else format_finely(nanos, unit)


def _difference(use: Use) -> str:
    """Says what came back of what was reserved, or was charged beyond it."""
    amount = _money(abs(use.reserved - use.charged), use.unit)
    if use.reserved > use.charged:
        return f"{amount} given back"
    return f"{amount} more" if use.charged > use.reserved else ""
