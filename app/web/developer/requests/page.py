"""How a paywall's requests look: filters whose address can be copied, and a receipt behind each row."""

import reflex as rx

from app.domain.usage.tables import RequestStatus
from app.web.components.parts import copy_text_button, empty
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.requests.parts import developers_receipt
from app.web.developer.requests.rows import STATES, RequestRow
from app.web.developer.requests.state import RequestsState
from app.web.frame.plain_form import find_form

_state = RequestsState


@paywall_page(sections.REQUESTS, RequestsState, lead="Each with what it was charged and why. Days and times are UTC.")
def requests() -> rx.Component:
    """Returns the page of a paywall's requests."""
    page = _state.page
    return rx.el.section(
        _filters(),
        rx.cond(page.rows.length() > 0, rx.el.div(rx.foreach(page.rows, _row)), _nothing()),
        _foot(),
        class_name="panel listing-panel", aria_label="Requests",
    )  # fmt: skip


def _filters() -> rx.Component:
    page, asked = _state.page, _state.page.asked

    def word(name: str, value: rx.Var[str], label: str, kind: str = "text") -> rx.Component:
        return rx.el.input(name=name, type=kind, default_value=value, key=name + value, max_length=200,
                           placeholder=label, aria_label=label, class_name="field plain s",
                           auto_complete="off")  # fmt: skip

    def choice(name: str, value: rx.Var[str], label: str, *options: rx.Component) -> rx.Component:
        return rx.el.select(*options, name=name, default_value=value, key=name + value, class_name="field plain s",
                            aria_label=label)  # fmt: skip

    states = (rx.el.option(STATES[status][0], value=status.value) for status in RequestStatus)
    keys = rx.foreach(page.key_choices, lambda key: rx.el.option(key.name, value=key.id, key=key.id))
    more = rx.el.details(
        rx.el.summary("More"),
        rx.el.div(
            choice("key", asked.key, "Key", rx.el.option("Any key", value=""), keys),
            word("session", asked.session, "Session"), word("agent", asked.agent, "Agent"),
            word("order", asked.order, "Order"), word("id", asked.id, "Id of a request"),
            rx.el.label(rx.el.small("until", class_name="muted"),
                        word("until", asked.until, "Until this day, UTC", "date"), class_name="row tight"),
            class_name="listing-filters",
        ),
        class_name="ticked-in", open=page.is_more_open,
    )  # fmt: skip
    form = find_form(
        word("user", asked.user, "User"), word("model", asked.model, "Model"),
        choice("status", asked.status, "State", rx.el.option("Any state", value=""), *states),
        word("day", asked.day, "Day, UTC", "date"),
        rx.el.button("Find", type="submit", class_name="btn s"),
        rx.cond(page.is_filtered, rx.el.a("Clear", href=page.clear, class_name="btn s bare"), rx.fragment()),
        more,
        class_name="listing-filters",
    )  # fmt: skip
    return rx.el.div(form, copy_text_button(page.address, "Copy link"), class_name="listing-head")


def _row(row: rx.Var[RequestRow]) -> rx.Component:
    line = rx.el.summary(
        rx.el.b(row.title),
        rx.el.span(row.amount, class_name=rx.cond(row.is_in, "amt num good", "amt num")),
        rx.el.div(
            rx.el.small(row.user, " · ", rx.el.time(row.when, title=row.at)),
            rx.el.small(row.status, class_name=rx.cond(row.tone != "", "more " + row.tone, "more")),
            class_name="sub",
        ),
    )
    user = rx.el.p(rx.el.a("All of ", rx.el.span(row.user, class_name="mono"), href=row.user_url),
                   class_name="receipt-user")  # fmt: skip
    return rx.el.details(line, user, developers_receipt(row), class_name="move", key=row.cursor)


def _nothing() -> rx.Component:
    none = empty("No requests yet", "Each request of your app appears here as soon as it begins.")
    no_match = empty("Nothing fits", "Try fewer words, another day, or clear the filter.")
    return rx.el.div(rx.cond(_state.page.is_filtered, no_match, none), style={"paddingTop": "20px"})


def _foot() -> rx.Component:
    page = _state.page
    older = rx.el.a(rx.cond(page.looked != "", "Look further back", "Older"), href=page.older, class_name="btn s")
    line = rx.el.div(rx.el.small(page.looked, class_name="muted"), older, class_name="listing-foot")
    return rx.cond(page.older != "", line, rx.fragment())
