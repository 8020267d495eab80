"""What the page of prices shows, ready to be read: one page of the sheet, the draft, and what a chat brings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from app.domain.money import format_decimal
from app.domain.pricing import price_book
from app.domain.pricing.margins import brought_by
from app.domain.pricing.own_price import FIELDS, typed_of
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import TokenKind, Tokens
from app.domain.pricing.tables import PriceSource, RetiredBecause
from app.flows.paywalls.prices import PriceDesk
from app.flows.pricing.drafts import Planned, Step
from app.flows.pricing.kept import PLANS
from app.flows.pricing.sheet import LINES_A_PAGE, Line, Query, Sheet, Show, first_offered, read_line, read_sheet
from app.web.developer.prices import words
from app.web.developer.prices.draft_rows import DraftView, view_draft

_SHOWS = {
    Show.ALL: "All",
    Show.OFFERED: "Offered",
    Show.NOT_PRICED: "Not priced",
    Show.BELOW_COST: "Below cost",
    Show.OWN: "Own price",
    Show.OFF: "Off",
    Show.CHANGED: "Changed",
}
_OFF = {
    RetiredBecause.DEVELOPER: ("off", ""),
    RetiredBecause.UNPRICED: ("not priced", "wait"),
    RetiredBecause.VANISHED: ("gone from its provider", ""),
    RetiredBecause.COST: ("off: below cost", "bad"),
}
TOKENS_MAX = 10_000_000


@dataclass(frozen=True)
class PriceRow:
    """A model on the sheet. Amounts are per million tokens; `works` is what stands between list and price."""

    model: str = ""
    about: str = ""
    list_in: str = ""
    list_out: str = ""
    works: str = ""
    price_in: str = ""
    price_out: str = ""
    status: str = ""
    tone: str = ""
    problem: str = ""
    is_changed: bool = False


@dataclass(frozen=True)
class ShowRow:
    """A filter of the sheet, with how many it finds and where it leads."""

    name: str = ""
    href: str = ""
    is_chosen: bool = False


@dataclass(frozen=True)
class ChatView:
    """What one chat brings, in the paywall's unit; `fee_name` is empty where a charge is not split."""

    model: str = ""
    user: str = ""
    provider: str = ""
    fee_name: str = ""
    platform: str = ""
    developer: str = ""
    margin: str = ""
    is_loss: bool = False


@dataclass(frozen=True)
class EditorView:
    """The model whose price is edited: who may serve it, and what stands in the fields at first."""

    model: str = ""
    title: str = ""
    kind: str = ""
    provider: str = ""
    upstream: str = ""
    providers: list[str] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    follows: str = ""
    steps: int = 0


@dataclass(frozen=True)
class PricesPage:
    """Everything on the page."""

    unit: str = ""
    markup: str = ""
    models: int = 0
    matches: int = 0
    rows: list[PriceRow] = field(default_factory=list)
    shows: list[ShowRow] = field(default_factory=list)
    where: str = ""
    previous: str = ""
    next: str = ""
    fee: str = ""
    draft: DraftView = field(default_factory=DraftView)


def read_page(desk: PriceDesk, steps: tuple[Step, ...], query: Query) -> tuple[PricesPage, Planned]:
    """Returns the page as a draft would make it, and what the draft comes to."""
    markup = desk.configuration.markup_basis_points
    planned = PLANS.plan(desk, steps)
    sheet = read_sheet(desk, planned, query)
    fee = desk.rules.fee_basis_points if desk.paywall.rules.is_split else 0
    page = PricesPage(
        unit=words.unit_words(desk.paywall.unit),
        markup=words.percent(desk.configuration.markup_basis_points).removesuffix(" %"),
        models=sheet.models,
        matches=sheet.matches,
        rows=[_row(line) for line in sheet.lines],
        shows=[_show(show, sheet, query) for show in _SHOWS if show is query.show or _is_of_use(show, sheet)],
        where=_where(sheet, query),
        previous=_href(query, query.page - 1) if query.page > 1 else "",
        next=_href(query, query.page + 1) if query.page < sheet.pages else "",
        fee=f"Of what users pay, Coinslot keeps {words.percent(fee)}." if fee else "",
        draft=view_draft(planned, markup),
    )
    return page, planned


def read_editor(desk: PriceDesk, planned: Planned, model: str) -> EditorView:
    """Returns the form of one model, as it stands in the draft; empty for a name that the paywall never had."""
    line, row = read_line(desk, planned, model), desk.latest.get(model)
    if line is None or row is None:
        return EditorView()
    base = base_of(desk, planned, model)
    is_empty = line.off_because is RetiredBecause.UNPRICED
    typed = dict.fromkeys(FIELDS, "") if is_empty else typed_of(base)
    kind = "off" if line.price is None else "list" if line.source is PriceSource.CATALOGUE else "own"
    known = desk.known(price_book.sent_as(row))
    follows = ""
    if known is not None and known.price is not None:
        follows = f"{words.times(desk.configuration.markup_basis_points)} on the list, whenever it changes."
    asked: dict[str, str] = {}
    if line.asked is not None:
        asked = {each.value: words.rate(line.asked, each) for each in TokenKind}
    return EditorView(
        model=model, title=row.display_name, kind="own" if is_empty else kind, provider=line.provider,
        upstream=row.upstream_model or "", providers=[one.name for one in desk.configuration.providers],
        typed=typed, asked=asked, follows=follows, steps=len(base.tiers),
    )  # fmt: skip


def base_of(desk: PriceDesk, planned: Planned, model: str) -> NewPrice:
    """Returns the price that an edit starts from: the draft's, else the newest that there was."""
    in_draft = next((price for price in planned.prices.own if price.model == model), None)
    return in_draft or price_book.to_new_price(desk.latest[model])


def read_chat(desk: PriceDesk, planned: Planned, model: str, typed: Mapping[str, str]) -> ChatView:
    """Returns what a chat of these tokens brings; of the first model that is offered where none is named."""
    line = read_line(desk, planned, model) if model else None
    if line is None or line.price is None:
        line = first_offered(desk, planned)
    if line is None or line.price is None:
        return ChatView()
    prompt, cached, output = (_tokens(typed.get(name, "")) for name in ("prompt", "cached", "output"))
    setting = desk.configuration.find_provider(line.provider)
    terms = None if setting is None else desk.terms_of(setting)
    chat = brought_by(line.price, Tokens(prompt, output, min(cached, prompt)), terms, line.asked)
    unknown = "not known"
    return ChatView(
        model=line.model,
        user=format_decimal(chat.user),
        provider=unknown if chat.provider is None else format_decimal(chat.provider),
        fee_name=f"Coinslot, {words.percent(terms.fee_basis_points)}" if terms is not None else "",
        platform=format_decimal(chat.platform),
        developer=unknown if chat.developer is None else format_decimal(chat.developer),
        margin="" if chat.margin_basis_points is None else words.percent(chat.margin_basis_points),
        is_loss=chat.developer is not None and chat.developer < 0,
    )


def _tokens(text: str) -> int:
    plain = text.strip().replace(",", "")
    return min(int(plain), TOKENS_MAX) if plain.isdecimal() and plain.isascii() and len(plain) < 12 else 0


def _row(line: Line) -> PriceRow:
    status, tone = ("changed", "wait") if line.is_changed else ("", "")
    if line.price is None and not line.is_changed:
        status, tone = _OFF.get(line.off_because or RetiredBecause.DEVELOPER, ("off", ""))
    elif line.price is not None and not line.is_changed and line.price.costs_nothing:
        status, tone = "free", "ok"
    named = "" if line.display_name == line.model else line.display_name
    served = f"{line.provider} as {line.upstream_model}" if line.upstream_model else line.provider
    return PriceRow(
        model=line.model,
        about=" · ".join(filter(None, (named, served))),
        list_in=words.rate(line.asked, TokenKind.INPUT, "not known"),
        list_out=words.rate(line.asked, TokenKind.OUTPUT, ""),
        works=_works(line),
        price_in=words.rate(line.price, TokenKind.INPUT),
        price_out=words.rate(line.price, TokenKind.OUTPUT),
        status=status,
        tone=tone,
        problem=f"Below cost: {words.kinds_words(line.below_cost)}" if line.below_cost else "",
        is_changed=line.is_changed,
    )


def _works(line: Line) -> str:
    """Says how a price comes of the list: `× 1.25`, `own`, with the fee of a request and the minimum."""
    if line.price is None:
        return ""
    tiers = len(line.price.tiers)
    how = words.times(line.price.markup_basis_points) if line.price.markup_basis_points or line.asked else "own"
    own = line.price.markup_basis_points == 0 and line.source is PriceSource.DEVELOPER
    long = f"{tiers} step{'s' if tiers > 1 else ''} for long prompts" if tiers else ""
    return ", ".join(filter(None, ("own price" if own else how, words.fee_words(line.price), long)))


def _is_of_use(show: Show, sheet: Sheet) -> bool:
    return show in (Show.ALL, Show.NOT_PRICED, Show.BELOW_COST) or bool(sheet.counts[show])


def _show(show: Show, sheet: Sheet, query: Query) -> ShowRow:
    chosen = Query(query.words, show)
    return ShowRow(f"{_SHOWS[show]} ({sheet.counts[show]:,})", _href(chosen, 1), show is query.show)


def _href(query: Query, page: int) -> str:
    asked = {"q": query.words, "show": "" if query.show is Show.ALL else query.show.value,
             "page": str(page) if page > 1 else ""}  # fmt: skip
    return "?" + urlencode({name: value for name, value in asked.items() if value})


def _where(sheet: Sheet, query: Query) -> str:
    if not sheet.lines:
        return ""
    page = min(max(query.page, 1), sheet.pages)
    first = (page - 1) * LINES_A_PAGE + 1
    return f"{first:,}–{first + len(sheet.lines) - 1:,} of {sheet.matches:,}"
