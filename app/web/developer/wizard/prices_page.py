"""The fourth step: markup, fee and minimum, with what a user pays for a typical chat; then the paywall is made."""

import reflex as rx

from app.web.components.once import Posting, after_post, kept_here, post_fields
from app.web.components.parts import problem_line
from app.web.developer.wizard.parts import buttons, other_problem
from app.web.developer.wizard.rows import PriceRow
from app.web.developer.wizard.state import WizardState

_state = WizardState
_posting = Posting.of("draftmake")
_ROUTE, _DONE = "/manage/draft/make", "paywall-made"
MADE_KEY, MADE_PROBLEM = kept_here("draftkey"), kept_here("draftnote")
"""The key of the paywall that was just made: in this open page of a browser alone."""
_FIELDS = ("markup_basis_points", "request_nanos", "minimum_nanos")


def prices_step() -> rx.Component:
    """Returns the step in which prices are set, and from which the paywall is made."""
    prices, is_busy = _state.prices, _posting.busy.value == "yes"
    fields = {"draft": _state.page.id, "markup": _state.markup, "fee": _state.fee, "minimum": _state.minimum}
    make = post_fields(_ROUTE, fields, _posting, _DONE, shown=("key", MADE_KEY))
    form = rx.el.form(
        _fields(), _preview(), other_problem(_posting, *_FIELDS),
        buttons(2, rx.el.button(rx.cond(is_busy, "Making…", "Make " + _state.page.app_name), type="submit",
                                class_name="btn primary", disabled=is_busy | (prices.problem != ""))),
        on_submit=make, class_name="stack",
    )  # fmt: skip
    return rx.fragment(form, after_post(_DONE, _state.made))


def _fields() -> rx.Component:
    unit = _state.page.unit
    return rx.el.section(
        rx.el.div(
            _field("markup", "markup_basis_points", "Markup on list prices", _state.markup, "%",
                   "What you keep, before fees."),
            _field("fee", "request_nanos", "Fee per request", _state.fee, unit, "Beside the tokens, marked up too."),
            _field("minimum", "minimum_nanos", "Minimum per request", _state.minimum, unit,
                   "At least this for an answer."),
            class_name="rule-form",
        ),
        class_name="panel pad", aria_label="Prices",
    )  # fmt: skip


def _field(name: str, code: str, label: str, value: rx.Var[str], unit: rx.Var[str] | str, hint: str) -> rx.Component:
    problem = rx.cond(_state.prices.field == code, _state.prices.problem,
                      rx.cond(_posting.field.value == code, _posting.problem.value, ""))  # fmt: skip
    field = rx.el.input(
        default_value=value, on_change=lambda typed: _state.type_price(name, typed), input_mode="decimal",
        auto_complete="off", max_length=20, aria_describedby=f"price-{name}", placeholder="0",
    )  # fmt: skip
    return rx.el.label(
        rx.el.span(label), rx.el.span(field, rx.el.span(unit), class_name="unit-field num"),
        rx.el.small(hint, class_name="faint"), rx.el.div(problem_line(problem), id=f"price-{name}"),
        class_name="labelled",
    )  # fmt: skip


def _preview() -> rx.Component:
    prices, unit = _state.prices, _state.page.unit
    head = rx.el.div(
        rx.el.h2("What a user pays"),
        rx.el.small(prices.priced, rx.cond(prices.unpriced != "", ", " + prices.unpriced, ""), class_name="muted"),
        class_name="row between inset panel-head",
    )
    columns = ("Model", "Input, per 1M", "Output, per 1M", "A typical chat", "You keep of it")
    table = rx.el.table(
        rx.el.thead(rx.el.tr(*(rx.el.th(name, scope="col") for name in columns))),
        rx.el.tbody(rx.foreach(prices.rows, _row)), class_name="priced num",
    )  # fmt: skip
    none = rx.el.p("No model has a price yet: your provider was not reached, or nobody knows what its models cost. Set"
                   " prices of your own on the page of prices afterwards.", class_name="muted inset item")  # fmt: skip
    own = rx.cond(prices.are_own, "With a fee or a minimum the prices are your own: they no longer follow the list. ",
                  "Prices follow the list, with your markup. ")  # fmt: skip
    foot = rx.el.p(own, "A typical chat has 1,000 tokens in and 500 out; you keep what is left after the provider’s"
                   " list price and the platform’s fee. In ", unit, ".", class_name="faint item")  # fmt: skip
    return rx.el.section(head, rx.cond(prices.rows, table, none), foot, class_name="panel",
                         aria_label="What a user pays")  # fmt: skip


def _row(row: rx.Var[PriceRow]) -> rx.Component:
    cells = (("Input, per 1M", row.input), ("Output, per 1M", row.output), ("A typical chat", row.chat),
             ("You keep of it", row.left))  # fmt: skip
    shown = (rx.el.td(value, custom_attrs={"data-head": name}) for name, value in cells)
    return rx.el.tr(rx.el.th(row.model, scope="row"), *shown, key=row.model)
