"""How the page of prices looks: the sheet with its search, what all matches shall cost, the draft, a typical chat."""

import reflex as rx

from app.web.components.parts import confirm, empty, tag
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.prices.draft_rows import DifferenceRow
from app.web.developer.prices.parts import editor
from app.web.developer.prices.rows import PriceRow, ShowRow
from app.web.developer.prices.state import TYPICAL, PricesState
from app.web.developer.publishing.parts import news, publish_bar

_state = PricesState
_SEARCH_MILLISECONDS = 250


@paywall_page(sections.PRICES, PricesState, lead="What your users pay. Running requests keep the version they began"
              " with.")  # fmt: skip
def prices() -> rx.Component:
    """Returns the page of a paywall's prices."""
    draft = _state.page.draft
    has_draft = (draft.count > 0) | (draft.refused.length() > 0) | (draft.markup != "")
    bar = publish_bar(_state, draft.said, draft.refused.length() == 0, _state.discard)
    asked = rx.match(
        _state.asking,
        ("discard", confirm("Discard the draft? Nothing of it is published.", "Discard", "Keep", _state.discard,
                            _state.keep_on)),
        ("publish", confirm(draft.ask, "Publish it", "Look again", _state.publish, _state.keep_on)),
        rx.fragment(),
    )  # fmt: skip
    return rx.fragment(
        news(_state),
        rx.cond(has_draft, rx.el.div(bar, asked, class_name="publish"), rx.fragment()),
        rx.cond(has_draft & _state.is_reviewing, _changes(), rx.fragment()),
        rx.el.div(_sheet(), rx.el.div(_chat(), class_name="stack"), class_name="with-aside"),
    )


def _sheet() -> rx.Component:
    page = _state.page
    nothing = empty("No model fits", "Look for fewer words, or at all models.", rx.el.a("Show all", href="?"))
    head = ("Model", "List in", "List out", "× markup + fee", "Price in", "Price out", "")
    table = rx.el.table(
        rx.el.thead(rx.el.tr(*(rx.el.th(name, scope="col", class_name="right" if place in (1, 2, 4, 5) else "")
                               for place, name in enumerate(head[:-1])),
                             rx.el.th(rx.el.span("Change", class_name="unseen"), scope="col"))),
        rx.el.tbody(rx.foreach(page.rows, _row)),
        class_name="sheet num",
    )  # fmt: skip
    foot = rx.el.div(
        rx.el.small("Per million tokens, ", page.unit, ". ", page.fee, class_name="muted"),
        rx.el.nav(
            rx.el.small(page.where, class_name="muted num"),
            rx.cond(page.previous != "", rx.el.a("Previous", href=page.previous, class_name="btn s"), rx.fragment()),
            rx.cond(page.next != "", rx.el.a("Next", href=page.next, class_name="btn s"), rx.fragment()),
            class_name="row", aria_label="Pages",
        ),
        class_name="panel-foot",
    )  # fmt: skip
    return rx.el.section(_search(), rx.cond(page.rows, table, nothing), _bulk(), foot,
                         class_name="panel sheet-panel", aria_label="Models")  # fmt: skip


def _search() -> rx.Component:
    page = _state.page
    words = rx.el.input(
        id="search", type="search", default_value=_state.searched,
        placeholder="Search " + page.models.to_string() + " models",
        on_change=_state.search.debounce(_SEARCH_MILLISECONDS), class_name="field plain s", auto_complete="off",
        aria_label="Search models", max_length=100,
    )  # fmt: skip
    markup = rx.el.form(
        rx.el.label(
            rx.el.span("Markup", class_name="muted"),
            rx.el.input(name="markup", default_value=page.markup, key=page.markup, input_mode="decimal",
                        auto_complete="off", max_length=10, aria_describedby="markup-said"),
            rx.el.span("%", class_name="muted"), class_name="unit-field s num",
        ),
        rx.el.button("Apply", type="submit", class_name="btn s"),
        on_submit=_state.mark_up, class_name="row",
    )  # fmt: skip
    shows = rx.el.nav(rx.foreach(page.shows, _show), class_name="chips", aria_label="Which models")
    return rx.el.div(
        rx.el.div(words, rx.cond(_state.paywall.may_set_up, markup, rx.fragment()), class_name="sheet-tools"),
        rx.el.p(_problem("markup"), id="markup-said", class_name="bad problem", role="alert"),
        shows,
        rx.el.small("Per million tokens, ", page.unit, class_name="muted phone"),
        class_name="sheet-head",
    )


def _show(row: rx.Var[ShowRow]) -> rx.Component:
    return rx.el.a(row.name, href=row.href, class_name="btn s chip num",
                   aria_current=rx.cond(row.is_chosen, "page", "false"), key=row.name)  # fmt: skip


def _row(row: rx.Var[PriceRow]) -> rx.Component:
    change = rx.el.button(
        rx.cond(_state.editor.model == row.model, "Close", "Change"),
        on_click=_state.edit(rx.cond(_state.editor.model == row.model, "", row.model)), class_name="btn s bare",
        type="button", aria_label="Change the price of " + row.model, aria_expanded=_state.editor.model == row.model,
    )  # fmt: skip
    line = rx.el.tr(
        rx.el.td(
            rx.el.b(row.model), rx.el.small(row.about, class_name="muted"),
            rx.cond(row.problem != "", rx.el.small(row.problem, class_name="bad"), rx.fragment()),
            rx.cond(row.status != "", rx.el.span(row.status, class_name="tag " + row.tone), rx.fragment()),
        ),
        rx.el.td(row.list_in, class_name="right muted", data_label="List in"),
        rx.el.td(row.list_out, class_name="right muted", data_label="List out"),
        rx.el.td(row.works, class_name="muted works", data_label="Markup + fee"),
        rx.el.td(row.price_in, class_name="right", data_label="Price in"),
        rx.el.td(row.price_out, class_name="right", data_label="Price out"),
        rx.el.td(rx.cond(_state.paywall.may_set_up, change, rx.fragment()), class_name="right tools"),
        class_name=rx.cond(row.is_changed, "is-changed", ""),
    )  # fmt: skip
    form = rx.el.tr(rx.el.td(editor(), col_span=7), class_name="form-line")
    return rx.fragment(line, rx.cond(_state.editor.model == row.model, form, rx.fragment()), key=row.model)


def _bulk() -> rx.Component:
    """What all matches shall cost, over every page of them."""
    page = _state.page
    how = rx.el.select(
        rx.el.option("Raise or lower by", value="raise"), rx.el.option("Take the list price × markup", value="list"),
        rx.el.option("Take off", value="off"), value=_state.bulk_action, on_change=_state.choose_bulk,
        class_name="field plain s", aria_label="What to do with all of them", style={"width": "auto"},
    )  # fmt: skip
    percent = rx.el.label(
        rx.el.span("Per cent", class_name="unseen"),
        rx.el.input(name="percent", placeholder="+20", input_mode="text", auto_complete="off", max_length=10,
                    aria_describedby="percent-said"),
        rx.el.span("%"), class_name="unit-field s num",
    )  # fmt: skip
    form = rx.el.form(
        rx.el.b("All ", page.matches.to_string(), " matches", class_name="num"), how,
        rx.cond(_state.bulk_action == "raise", percent, rx.fragment()),
        rx.el.button("Add to draft", type="submit", class_name="btn s"),
        rx.el.p(_problem("percent"), id="percent-said", class_name="bad problem", role="alert"),
        rx.cond(_state.bulk_action == "raise",
                rx.el.small("They become prices of your own: a change of the list does not reach them any more.",
                            class_name="muted"), rx.fragment()),
        on_submit=_state.change_all, class_name="bulk",
    )  # fmt: skip
    return rx.cond(_state.paywall.may_set_up & (page.matches > 0), form, rx.fragment())


def _changes() -> rx.Component:
    """What publishing would change: how many, how far, what loses, and model by model."""
    draft = _state.page.draft
    facts = rx.el.ul(
        rx.cond(draft.markup != "", rx.el.li("Markup ", draft.markup), rx.fragment()),
        rx.foreach(draft.facts, lambda fact: rx.el.li(fact, key=fact)),
        class_name="facts-line muted num",
    )
    refused = rx.el.div(
        rx.el.div(rx.el.b("These cannot be published"),
                  rx.el.button("Leave them as they are", on_click=_state.leave_out, class_name="btn s", type="button"),
                  class_name="item item-line"),
        rx.foreach(draft.refused, _refused),
    )  # fmt: skip
    return rx.el.section(
        rx.el.div(rx.el.h2("What publishing changes"), facts, class_name="inset review-head"),
        rx.cond(draft.refused, refused, rx.fragment()),
        rx.el.div(rx.foreach(draft.rows, _difference)),
        rx.cond(draft.more != "", rx.el.p(draft.more, class_name="item muted num"), rx.fragment()),
        class_name="panel",
        aria_label="What publishing changes",
    )


def _difference(row: rx.Var[DifferenceRow]) -> rx.Component:
    undo = rx.el.button("Leave as it is", on_click=_state.drop(row.model), class_name="btn s bare", type="button",
                        aria_label="Leave " + row.model + " as it is")  # fmt: skip
    return rx.el.div(
        rx.el.div(rx.el.b(row.model), rx.el.small(row.before, " → ", row.after, class_name="muted num"),
                  class_name="grow"),
        rx.cond(row.moved != "", tag(row.moved, tone="wait"), rx.fragment()), undo,
        class_name="item item-line", key=row.model,
    )  # fmt: skip


def _refused(row: rx.Var[DifferenceRow]) -> rx.Component:
    return rx.el.div(rx.el.b(row.model), rx.el.p(row.problem, class_name="bad"), class_name="item", key=row.model)


def _chat() -> rx.Component:
    """What a chat brings at the prices as the draft has them."""
    chat = _state.chat
    fields = (("prompt", "Tokens in"), ("cached", "Cached"), ("output", "Tokens out"))
    typed = (
        rx.el.label(
            rx.el.span(label),
            rx.el.input(default_value=TYPICAL[name], on_change=lambda value, name=name: _state.try_chat(name, value),
                        input_mode="numeric", auto_complete="off", max_length=9, class_name="field plain s num"),
            class_name="labelled",
        )
        for name, label in fields
    )  # fmt: skip
    kept = rx.cond(chat.margin != "", "sum good", "sum")
    brought = rx.el.dl(
        _line("User pays", chat.user, "sum"),
        _line("Provider", chat.provider),
        rx.cond(chat.fee_name != "", _line(chat.fee_name, chat.platform), rx.fragment()),
        _line("You keep", chat.developer, rx.cond(chat.is_loss, "sum bad", kept)),
        rx.cond(chat.margin != "", _line("Margin", chat.margin), rx.fragment()),
        class_name="brought num",
        aria_live="polite",
    )
    return rx.el.section(
        rx.el.h2("A typical chat"),
        rx.el.small(chat.model, ", ", _state.page.unit, class_name="muted"),
        rx.el.div(*typed, class_name="chat-fields"),
        rx.cond(chat.model != "", brought, rx.el.p("No model has a price.", class_name="muted")),
        class_name="panel pad",
        aria_label="A typical chat",
    )


def _line(name: rx.Var[str] | str, amount: rx.Var[str], tone: rx.Var[str] | str = "muted") -> rx.Component:
    return rx.el.div(rx.el.dt(name), rx.el.dd(amount), class_name=tone)


def _problem(name: str) -> rx.Component:
    return rx.cond(_state.problems.contains(name), _state.problems[name], "")
