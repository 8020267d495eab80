"""How a paywall's messages look: seven events with their previews, the endpoint, and what would change."""

import reflex as rx

from app.web.components.once import Posting, after_post, kept_here, post_fields
from app.web.components.parts import copy_text_button, problem_line, tag
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.developer.messages.rows import DiffLine, MessageRow, Piece
from app.web.developer.messages.state import MessagesState

_state = MessagesState
_posting = Posting.of("responder")
_secret = kept_here("respondersecret")
_DONE, URL = "responder-saved", "responder-url"
_EVENTS = (
    ("authorize", "Authorization missing"),
    ("topup", "Funds missing"),
    ("limit", "Cap reached"),
    ("order", "Order not chosen"),
    ("own_key", "Own key missing"),
)


@paywall_page(sections.MESSAGES, MessagesState, lead="What the assistant says in your app’s name, with the right link.")
def messages() -> rx.Component:
    """Returns the page of what a paywall says in an answer's place."""
    hidden = rx.el.p("Only the owner of this paywall sees its words.", class_name="panel pad muted")
    return rx.cond(_state.may_read, rx.fragment(_templates(), _endpoint(), _publish()), hidden)


def _templates() -> rx.Component:
    views = rx.el.div(
        *(rx.el.button(title, type="button", class_name="btn", on_click=_state.show_sent(is_sent),
                       aria_pressed=_state.is_sent_shown == is_sent)
          for title, is_sent in (("As shown", False), ("As sent", True))),
        class_name="segments", role="group", aria_label="Preview",
    )  # fmt: skip
    again = rx.el.button("Play again", on_click=_state.play, class_name="btn s bare", type="button")
    head = rx.el.div(rx.el.h2("Templates"), rx.el.div(again, views, class_name="row"),
                     class_name="row between wrap inset panel-head")  # fmt: skip
    return rx.el.section(head, rx.foreach(_state.rows, _event), class_name="panel", aria_label="Templates")


def _event(row: rx.Var[MessageRow]) -> rx.Component:
    mark = rx.cond(row.problem != "", tag("1 problem", tone="bad"),
                   rx.cond(row.is_changed, tag("Changed", tone="wait"),
                           rx.cond(row.is_ours, tag("Our words"), rx.fragment())))  # fmt: skip
    head = rx.el.div(
        rx.el.div(rx.el.h3(row.title), rx.el.small(rx.el.code(row.event), ", ", row.when, class_name="muted")),
        mark, class_name="row between",
    )  # fmt: skip
    words = rx.cond(row.is_ours, _ours(row), _editor(row))
    left = rx.el.div(head, words, class_name="said-words")
    return rx.el.div(left, _preview(row), class_name="said-row", key=row.event)


def _ours(row: rx.Var[MessageRow]) -> rx.Component:
    edit = rx.el.button("Edit", on_click=_state.edit(row.event), class_name="btn s", type="button",
                        aria_label="Edit " + row.title)  # fmt: skip
    return rx.fragment(rx.el.p(row.text, class_name="muted as-typed"),
                       rx.cond(_state.paywall.may_set_up, rx.el.div(edit), rx.fragment()))  # fmt: skip


def _editor(row: rx.Var[MessageRow]) -> rx.Component:
    # The browser keeps what is typed: sent back letter by letter, it would lose those typed meanwhile. What is put in
    # the field's place is another field.
    area = rx.el.textarea(
        key=f"{row.event}-{_state.replaced}-{_state.based_on}", default_value=row.text, rows="5", spell_check=True,
        on_change=lambda text: _state.type_text(row.event, text),
        class_name="field area", aria_label=row.title, aria_invalid=row.problem != "",
        aria_describedby="said-" + row.event, read_only=~_state.paywall.may_set_up,
    )  # fmt: skip
    ours = rx.el.button("Use our words", on_click=_state.use_ours(row.event), class_name="btn s bare", type="button",
                        aria_label="Use our words for " + row.title)  # fmt: skip
    foot = rx.el.div(
        rx.el.div(rx.foreach(row.placeholders, lambda name: rx.el.code(name, class_name="tag", key=name)),
                  class_name="chips"),
        rx.el.div(rx.el.small(row.count, class_name="faint num"),
                  rx.cond(_state.paywall.may_set_up, ours, rx.fragment()), class_name="row"),
        class_name="row between wrap",
    )  # fmt: skip
    return rx.fragment(area, rx.el.div(problem_line(row.problem), id="said-" + row.event), foot)


def _preview(row: rx.Var[MessageRow]) -> rx.Component:
    shown = rx.fragment(
        rx.el.p(row.question, class_name="said me"),
        rx.el.p(rx.foreach(row.pieces, _piece), class_name="said it streamed", key=_state.replayed),
    )
    sent = rx.el.pre(row.sent, class_name="secret", tab_index=0, aria_label="As sent: " + row.title)
    note = rx.cond(row.problem != "", rx.el.small("Cannot be published like this", class_name="bad"),
                   rx.el.small("Streamed as your app gets it", class_name="faint"))  # fmt: skip
    return rx.el.div(rx.cond(_state.is_sent_shown, sent, shown), note, class_name="said-preview",
                     role="group", aria_label="Preview: " + row.title)  # fmt: skip


def _piece(piece: rx.Var[Piece]) -> rx.Component:
    return rx.el.span(
        piece.text, class_name="piece " + piece.look, style={"animationDelay": piece.delay}, key=piece.key
    )


def _endpoint() -> rx.Component:
    endpoint, may = _state.endpoint, _state.paywall.may_set_up
    is_busy = _posting.busy.value == "yes"
    version = _state.paywall.version.to_string()
    show = ("secret", _secret)
    save = post_fields(endpoint.save_url, {"url": URL, "version": version}, _posting, _DONE, shown=show)
    renew = post_fields(endpoint.save_url, {"url": URL, "version": version, "renew": rx.Var.create("yes")}, _posting,
                        _DONE, shown=show)  # fmt: skip
    remove = post_fields(endpoint.save_url, {"url": rx.Var.create(""), "version": version}, _posting, _DONE)
    field = rx.el.label(
        rx.el.span("URL"),
        rx.el.input(id=URL, type="text", input_mode="url", default_value=endpoint.url, class_name="field plain s",
                    placeholder="https://your-app.example/coinslot/message", auto_complete="off", spell_check=False,
                    max_length=2_000, aria_describedby="responder-said", key=endpoint.url),
        rx.el.div(problem_line(_posting.problem.value), id="responder-said"), class_name="labelled",
    )  # fmt: skip
    tools = rx.el.div(
        rx.el.button(rx.cond(endpoint.url != "", "Save the URL", "Use this endpoint"), type="submit",
                     class_name="btn s", disabled=is_busy),
        rx.cond(endpoint.url != "", rx.fragment(
            rx.el.button("New secret", on_click=renew, type="button", class_name="btn s", disabled=is_busy),
            rx.el.button("Switch off", on_click=remove, type="button", class_name="btn s bare", disabled=is_busy),
        ), rx.fragment()),
        class_name="row wrap",
    )  # fmt: skip
    made = rx.el.div(
        rx.el.b("Signing secret, shown once"),
        rx.el.div(rx.el.code(_secret.value, class_name="secret grow"), copy_text_button(_secret.value),
                  class_name="row"),
        class_name="stack tight",
    )  # fmt: skip
    text = ("A signed POST (Standard Webhooks) asks it for the words: 3 seconds, 4,000 characters, no redirects. A link"
            " that it leaves out is added at the end.")  # fmt: skip
    form = rx.el.form(field, rx.cond(_secret.value != "", made, rx.fragment()), rx.cond(may, tools, rx.fragment()),
                      rx.el.small(text, class_name="muted"), on_submit=save, class_name="said-words")  # fmt: skip
    head = rx.el.div(
        rx.el.div(rx.el.h2("Your endpoint"),
                  rx.el.small("It is asked first; if it fails in any way, the template above is said.",
                              class_name="muted")),
        rx.cond(endpoint.url != "", tag("On", tone="ok"), tag("Off")), class_name="row between inset panel-head",
    )  # fmt: skip
    saved = after_post(_DONE, _state.endpoint_saved)
    return rx.el.section(head, rx.el.div(form, _trial(), class_name="said-row"), saved, class_name="panel",
                         aria_label="Your endpoint")  # fmt: skip


def _trial() -> rx.Component:
    buttons = (rx.el.button("Try: ", title, on_click=_state.try_endpoint(event), class_name="btn s", type="button",
                            disabled=_state.endpoint.url == "") for event, title in _EVENTS)  # fmt: skip
    answer = rx.fragment(rx.el.small(_state.tried, class_name="muted num", role="status"),
                         rx.cond(_state.tried_text != "", rx.el.p(_state.tried_text, class_name="said it as-typed"),
                                 rx.fragment()))  # fmt: skip
    return rx.el.div(rx.el.div(*buttons, class_name="row wrap"), answer, class_name="said-preview", role="group",
                     aria_label="Try the endpoint")  # fmt: skip


def _publish() -> rx.Component:
    """What would change, and the bar that publishes it; it says so where that cannot be."""
    version = _state.based_on
    head = rx.el.div(rx.el.h2("What changes"), rx.el.small("Version ", version, " to draft", class_name="muted"),
                     class_name="row between inset panel-head")  # fmt: skip
    has_problem = _state.problems.length() > 0
    said = rx.cond(
        has_problem,
        rx.el.span("A problem in ", _state.problems.join(", "), class_name="bad"),
        rx.el.span(_state.changes, rx.cond(_state.changes == 1, " change", " changes"), class_name="muted"),
    )
    keep_both = rx.el.button("Keep both", on_click=_state.keep_both, class_name="btn s", type="button")
    bar = rx.el.div(
        rx.el.div(tag("Draft", tone="wait"), said, class_name="row", role="status"),
        rx.el.div(
            rx.el.button("Discard", on_click=_state.discard, class_name="btn s bare", type="button"),
            rx.cond(_state.is_outdated, keep_both, rx.fragment()),
            rx.el.button(
                "Publish version ",
                _state.paywall.version + 1,
                on_click=_state.publish,
                class_name="btn s primary",
                type="button",
                disabled=has_problem | _state.is_outdated,
            ),
            class_name="row",
        ),
        class_name="item row between wrap",
    )
    open_ = rx.el.section(
        head, rx.foreach(_state.rows, _changed),
        rx.el.div(problem_line(_state.error), class_name="inset"), bar, class_name="panel publish",
        aria_label="What changes",
    )  # fmt: skip
    done = rx.cond(_state.published > 0, rx.el.p("Version ", _state.published, " is published.", class_name="good",
                                                 role="status"), rx.fragment())  # fmt: skip
    return rx.cond(_state.changes > 0, open_, done)


def _changed(row: rx.Var[MessageRow]) -> rx.Component:
    shown = rx.el.div(rx.el.small(rx.el.code("messages." + row.event), class_name="inset muted"),
                      rx.foreach(row.diff, _line), class_name="diff")  # fmt: skip
    return rx.fragment(rx.cond(row.is_changed, shown, rx.fragment()), key=row.event)


def _line(line: rx.Var[DiffLine]) -> rx.Component:
    look = rx.match(line.sign, ("+", "line plus"), ("-", "line minus"), "line")
    return rx.el.div(rx.el.i(line.sign, class_name="sign"), rx.el.span(line.text), class_name=look, key=line.key)
