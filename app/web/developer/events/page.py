"""How a paywall's events look: endpoints with what they are told, and each delivery with payload and answer."""

import reflex as rx

from app.domain.events.tables import DeliveryStatus
from app.web.components.once import fetch_once, kept_here
from app.web.components.parts import ask_once, confirm, copy_text_button, empty, id_line, problem_line
from app.web.developer.events.rows import DeliveryRow, SubscriptionRow
from app.web.developer.events.state import EventsState
from app.web.developer.frame import sections
from app.web.developer.frame.layout import paywall_page
from app.web.frame.plain_form import find_form

_state = EventsState
_secret = kept_here("webhooksecret")
_problem = kept_here("webhookproblem")
FORM = "webhook-form"


@paywall_page(sections.EVENTS, EventsState, lead="What happens is posted to your endpoints, signed. Times are UTC.")
def events() -> rx.Component:
    """Returns the page of a paywall's events."""
    said = rx.el.p(_state.said, class_name="good", role="status")
    return rx.fragment(said, problem_line(_state.error), _new_secret(), _subscriptions(), _deliveries())


def _new_secret() -> rx.Component:
    shown = rx.el.section(
        rx.el.h2("The endpoint's secret"),
        rx.el.p("It signs what is delivered, and is shown once. Keep it where you keep passwords.", class_name="muted"),
        rx.el.p(_secret.value, class_name="secret"),
        rx.el.div(copy_text_button(_secret.value),
                  rx.el.button("Done", on_click=[_secret.set_value(""), _state.ask("")], class_name="btn s",
                               type="button"), class_name="row"),
        class_name="panel pad stack", aria_label="Secret", style={"gap": "12px"},
    )  # fmt: skip
    return rx.fragment(rx.cond(_secret.value != "", shown, rx.fragment()),
                       rx.cond(_state.asking == "add", rx.fragment(), _refused()))  # fmt: skip


def _refused() -> rx.Component:
    return rx.el.p(_problem.value, class_name="bad problem", role="alert")


def _subscriptions() -> rx.Component:
    page = _state.page
    add = rx.el.button("Add an endpoint", on_click=_state.ask("add"), class_name="btn s", type="button",
                       aria_expanded=_state.asking == "add")  # fmt: skip
    head = rx.el.div(rx.el.h2("Endpoints"), rx.cond(page.may_change, add, rx.fragment()), class_name="listing-head")
    none = empty(
        "No endpoint yet", "Add one, and your app is told of charges, top-ups, refunds and more as they happen."
    )
    is_adding = (_state.asking == "add") & (_secret.value == "")  # what was added shows its secret in the form's place
    found = rx.cond(page.subscriptions.length() > 0, rx.el.div(rx.foreach(page.subscriptions, _subscription)),
                    rx.cond(is_adding, rx.fragment(), rx.el.div(none, style={"paddingTop": "16px"})))  # fmt: skip
    return rx.el.section(head, rx.cond(is_adding, _add(), rx.fragment()), found,
                         class_name="panel listing-panel", aria_label="Endpoints")  # fmt: skip


def _add() -> rx.Component:
    def typed(name: str, label: str, placeholder: str, kind: str = "text") -> rx.Component:
        return rx.el.label(
            rx.el.span(label),
            rx.el.input(name=name, type=kind, placeholder=placeholder, max_length=2_048, class_name="field plain s",
                        auto_complete="off", spell_check=False),
            class_name="labelled",
        )  # fmt: skip

    # The secret is in the answer, which this browser alone gets; then the page looks what is there now.
    post = [fetch_once(_state.page.add_url, "secret", _secret, _problem, FORM), _state.look]
    return rx.el.form(
        typed("url", "URL", "https://example.com/coinslot", "url"),
        typed("events", "Events: names, prefixes such as proxy.*, or * for all", "*"),
        typed("description", "Description, for yourself", ""),
        _refused(),
        rx.el.div(rx.el.button("Add", type="submit", class_name="btn s primary"),
                  rx.el.button("Cancel", on_click=_state.ask(""), class_name="btn s", type="button"), class_name="row"),
        id=FORM, on_submit=post, class_name="stack item", style={"gap": "12px"},
    )  # fmt: skip


def _subscription(row: rx.Var[SubscriptionRow]) -> rx.Component:
    may = _state.page.may_change
    rotate = [fetch_once(row.rotate_url, "secret", _secret, _problem), _state.ask("")]
    question = "Make a new secret? For a day both sign, so that your endpoint can change over."
    asked = rx.match(
        _state.asking,
        ("rotate:" + row.id, _rotate_question(question, rotate)),
        ("pause:" + row.id, confirm("Pause it? What waits for it ends as failed, and can be sent again later.", "Pause",
                                    "Keep", _state.pause(row.id), _state.ask(""))),
        ("test:" + row.id, _test(row)),
        rx.fragment(),
    )  # fmt: skip
    acts = rx.el.div(
        rx.cond(row.is_active, rx.fragment(
            rx.el.button("Send test event", on_click=_state.ask("test:" + row.id), class_name="btn s", type="button"),
            rx.el.button("New secret", on_click=_state.ask("rotate:" + row.id), class_name="btn s", type="button"),
            rx.el.button("Pause", on_click=_state.ask("pause:" + row.id), class_name="btn s bare", type="button"),
        ), rx.el.button("Resume", on_click=_state.resume(row.id), class_name="btn s", type="button")),
        class_name="row wraps",
    )  # fmt: skip
    return rx.el.div(
        rx.el.div(
            rx.el.div(rx.el.b(row.url), rx.el.small(row.events), rx.el.small(row.detail, class_name="muted"),
                      rx.cond(row.why != "", rx.el.small(row.why, class_name="wait"), rx.fragment()),
                      class_name="grow"),
            rx.el.span(row.state, class_name="tag " + row.tone), class_name="item-line",
        ),
        rx.cond(may, rx.fragment(acts, asked), rx.fragment()),
        class_name="item stack", style={"gap": "10px"}, key=row.id,
    )  # fmt: skip


def _rotate_question(question: str, rotate: list[object]) -> rx.Component:
    return ask_once(
        question,
        rx.el.button("Make a new one", on_click=rotate, class_name="btn s danger", type="button"),
        rx.el.button("Keep", on_click=_state.ask(""), class_name="btn s", type="button"),
    )


def _test(row: rx.Var[SubscriptionRow]) -> rx.Component:
    return rx.el.form(
        rx.el.input(type="hidden", name="to", value=row.id, read_only=True),
        rx.el.select(rx.foreach(_state.page.types, lambda name: rx.el.option(name, value=name, key=name)), name="type",
                     class_name="field plain s", aria_label="Event"),
        rx.el.button("Send", type="submit", class_name="btn s primary"),
        rx.el.button("Cancel", on_click=_state.ask(""), class_name="btn s", type="button"),
        on_submit=_state.send_test, class_name="row wraps",
    )  # fmt: skip


def _deliveries() -> rx.Component:
    page = _state.page
    words = {DeliveryStatus.PENDING: "Waiting", DeliveryStatus.SUCCESS: "Delivered", DeliveryStatus.ERROR: "Failed"}
    form = find_form(
        rx.el.select(rx.el.option("Any state", value=""),
                     *(rx.el.option(word, value=status.value) for status, word in words.items()), name="status",
                     default_value=page.status, key="s" + page.status, class_name="field plain s", aria_label="State"),
        rx.el.button("Find", type="submit", class_name="btn s"), class_name="listing-filters",
    )  # fmt: skip
    head = rx.el.div(rx.el.h2("Deliveries"), form, class_name="listing-head")
    none = empty("Nothing delivered yet", "Each event and each attempt appears here. They are kept for 30 days.")
    found = rx.cond(page.deliveries.length() > 0, rx.el.div(rx.foreach(page.deliveries, _delivery)),
                    rx.el.div(none, style={"paddingTop": "16px"}))  # fmt: skip
    older = rx.el.div(rx.el.span(), rx.el.a("Older", href=page.older, class_name="btn s"), class_name="listing-foot")
    return rx.el.section(head, found, rx.cond(page.older != "", older, rx.fragment()),
                         class_name="panel listing-panel", aria_label="Deliveries")  # fmt: skip


def _delivery(row: rx.Var[DeliveryRow]) -> rx.Component:
    line = rx.el.summary(
        rx.el.b(row.type), rx.el.span(row.state, class_name="tag " + row.tone),
        rx.el.div(rx.el.small(rx.cond(row.is_replay, "sent again · ", ""), rx.el.time(row.when, title=row.at)),
                  rx.el.small("payload", class_name="more"), class_name="sub"),
    )  # fmt: skip
    replay = rx.el.button("Send again", on_click=_state.replay(row.id), class_name="btn s", type="button")
    inside = rx.el.div(
        rx.el.div(
            rx.el.p(row.endpoint, class_name="muted"),
            rx.el.p(row.answer, " ", row.next),
            rx.cond(row.said != "", rx.el.pre(row.said, class_name="payload", tab_index=0, aria_label="What it said"),
                    rx.fragment()),
            rx.el.pre(row.payload, class_name="payload", tab_index=0, aria_label="Payload"),
            id_line(row.id), class_name="receipt-in",
        ),
        class_name="receipt",
    )  # fmt: skip
    act = rx.cond(_state.page.may_change, rx.el.div(replay, class_name="receipt-act"), rx.fragment())
    return rx.el.details(line, inside, act, class_name="move", key=row.id)
