"""How consent looks: who asks, what they may do, the cap, and the two ways to answer."""

import reflex as rx

from app.web.components.caps import cap_chooser
from app.web.components.parts import app_icon, instead, note, problem_line, sandbox_tag, skeleton
from app.web.end_user.authorize.rows import PriceRow
from app.web.end_user.authorize.state import AuthorizeState
from app.web.frame import routes
from app.web.frame.layout import frame
from app.web.frame.plain_form import another_account

_state = AuthorizeState


def authorize() -> rx.Component:
    """Returns the consent page behind a link."""
    page = rx.match(
        _state.phase,
        ("ready", rx.cond(_state.consent.is_taken, _taken(), _consent())),
        ("done", _done()),
        ("declined", _declined()),
        ("invalid", instead("This link cannot be used", _state.problem)),
        _loading(),
    )
    return frame(rx.el.div(page, class_name="small"), back=rx.el.small(_state.person_email, class_name="muted who"))


def _head(title: rx.Component | rx.Var[str] | str) -> rx.Component:
    consent = _state.consent
    where = rx.cond(consent.app_host != "", consent.app_host + " · ", "")
    return rx.el.div(
        app_icon(consent.initials, consent.icon),
        rx.el.div(
            rx.el.h1(title),
            rx.el.small(where, "your id there: ", rx.el.span(consent.external_id, class_name="num"),
                        class_name="muted", style={"display": "block", "marginTop": "2px"}),
            rx.cond(consent.is_sandbox, rx.el.div(sandbox_tag(consent.is_sandbox), style={"marginTop": "8px"}),
                    rx.fragment()),
        ),
        class_name="row", style={"alignItems": "flex-start"},
    )  # fmt: skip


def _consent() -> rx.Component:
    consent = _state.consent
    title = rx.cond(
        consent.is_connected, "Change what " + consent.app_name + " may spend?",
        "Let " + consent.app_name + " charge your wallet?",
    )  # fmt: skip
    form = rx.el.div(
        rx.el.small("Never more than, in a month", class_name="muted"),
        cap_chooser(_state),
        rx.cond(consent.shows_own_keys, _own_keys(), rx.fragment()),
        problem_line(_state.error),
        _wallet(),
        rx.el.button(
            rx.cond(consent.is_connected, "Save", "Authorize " + consent.app_name), on_click=_state.approve,
            class_name="btn primary wide", type="button", style={"marginTop": "20px"},
        ),
        rx.el.button("Decline", on_click=_state.decline, class_name="btn wide bare", type="button",
                     style={"marginTop": "6px"}),
        style={"display": "grid", "gap": "8px", "marginTop": "22px", "gridTemplateColumns": "minmax(0, 1fr)"},
    )  # fmt: skip
    warning = rx.el.small(
        "Did somebody else send you this link? Decline. Whoever asked for it would spend your money.",
        class_name="muted", style={"display": "block", "textAlign": "center", "margin": "18px 12px 8px"},
    )  # fmt: skip
    return rx.fragment(
        rx.el.section(
            _head(title),
            rx.cond(consent.app_text != "", rx.el.p(consent.app_text, class_name="muted",
                                                    style={"marginTop": "12px"}), rx.fragment()),
            rx.el.hr(class_name="rule"),
            _points(),
            _prices(),
            form,
            class_name="panel pad",
        ),
        warning,
        another_account(_state.here, "btn s bare wide"),
    )  # fmt: skip


def _own_keys() -> rx.Component:
    """The box by which the app may use keys of the person's own."""
    box = rx.el.label(
        rx.el.input(type="checkbox", checked=_state.may_use_own, on_change=_state.allow_own),
        rx.el.span(rx.el.b("It may use my own provider keys"),
                   rx.el.small("What goes by them costs nothing here: their providers bill you. It never sees them.",
                               class_name="muted")),
        class_name="choice-line",
    )  # fmt: skip
    per_day = rx.el.label(
        rx.el.span("Requests a day, at most"),
        rx.el.input(default_value=_state.own_per_day, on_change=_state.type_own, class_name="field plain s num",
                    input_mode="numeric", auto_complete="off", max_length=8),
        class_name="labelled",
    )  # fmt: skip
    return rx.el.div(box, rx.cond(_state.may_use_own, per_day, rx.fragment()),
                     style={"display": "grid", "gap": "10px", "marginTop": "10px"})  # fmt: skip


def _points() -> rx.Component:
    def point(look: str, sign: str, *words: rx.Component | str) -> rx.Component:
        return rx.el.li(rx.el.span(sign, class_name=look, aria_hidden="true"), rx.el.span(*words))

    return rx.el.ul(
        point("yes", "✓", "Take money for each answer, at its listed prices, ",
              rx.el.span("and give you a receipt for it", class_name="muted")),
        point("yes", "✓", "See what it may still spend"),
        point("no", "✕", rx.el.span("It cannot see your balance, your other apps or your cards", class_name="muted")),
        class_name="points",
    )  # fmt: skip


def _prices() -> rx.Component:
    head = rx.el.thead(rx.el.tr(*(rx.el.th(name, scope="col") for name in ("Model", "In", "Out"))))
    return rx.el.details(
        rx.el.summary("Prices of ", _state.consent.price_count),
        rx.el.table(head, rx.el.tbody(rx.foreach(_state.consent.prices, _price)), class_name="num"),
        rx.el.small("USDC per million tokens", class_name="faint"),
        class_name="prices",
    )


def _price(row: rx.Var[PriceRow]) -> rx.Component:
    return rx.el.tr(rx.el.td(row.model), rx.el.td(row.prompt), rx.el.td(row.output))


def _wallet() -> rx.Component:
    consent = _state.consent
    trial = rx.el.small(consent.trial, " of it is trial money", class_name="muted")
    return rx.el.div(
        rx.el.div(rx.el.small("In your wallet", class_name="muted"), rx.el.b(consent.available)),
        rx.el.div(rx.el.small(_state.person_email, class_name="faint cut"),
                  rx.cond(consent.trial != "", trial, rx.fragment())),
        class_name="sunken purse num",
    )  # fmt: skip


def _back(look: str) -> rx.Component:
    where = rx.cond(_is_of_an_order(), "the order", _state.consent.app_name)
    link = rx.el.a("Back to ", where, href=_state.back_url, class_name=look)
    return rx.cond(_state.back_url != "", link, rx.fragment())


def _is_of_an_order() -> bool:
    """Whether consent was asked on the way to an order, to whose page it leads back."""
    return _state.back_url.startswith(routes.ORDER.partition("[")[0])


def _done() -> rx.Component:
    again = rx.cond(_state.consent.is_empty, "Your wallet is empty: add funds, then send your message again.",
                    "Send your message again; it will be answered.")  # fmt: skip
    next_step = rx.cond(_is_of_an_order(), "Next, choose who pays for the order.", again)
    text = "Up to " + _state.cap_text + " a month. " + next_step
    return rx.fragment(
        note(_state.consent.app_name + " is connected", text, "ok"),
        rx.el.section(
            _head(_state.consent.app_name),
            rx.el.div(_wallet(), style={"marginTop": "20px"}),
            rx.el.div(_back("btn primary wide"), rx.el.a("Open your wallet", href=f"{routes.WALLET}/",
                                                         class_name="btn wide"),
                      style={"display": "grid", "gap": "10px", "marginTop": "20px"}),
            class_name="panel pad",
        ),
    )  # fmt: skip


def _declined() -> rx.Component:
    text = "Nothing was allowed, and " + _state.consent.app_name + " cannot charge you."
    return rx.el.section(
        rx.el.h1("Declined"), rx.el.p(text, class_name="muted", style={"marginTop": "8px"}),
        rx.el.div(_back("btn primary"), style={"marginTop": "20px"}), class_name="panel pad",
    )  # fmt: skip


def _taken() -> rx.Component:
    """Says that this user of the app is somebody else's (`decisions.md` 25)."""
    consent = _state.consent
    words = (
        "This user of ", consent.app_name, " already pays from another account. Sign in with that one, or ask ",
        consent.app_name, " to disconnect it.",
    )  # fmt: skip
    return rx.el.section(
        _head("Connected to another account"),
        rx.el.p(*words, class_name="muted", style={"marginTop": "16px"}),
        rx.el.div(another_account(_state.here, "btn wide"), style={"marginTop": "20px"}),
        class_name="panel pad",
    )


def _loading() -> rx.Component:
    return rx.el.section(
        rx.el.p("Reading", class_name="unseen", role="status"),
        rx.el.div(skeleton("40px", "40px"), skeleton("220px", "24px"), class_name="row"),
        *(
            rx.el.div(skeleton("100%", height), style={"marginTop": "22px"})
            for height in ("92px", "66px", "46px", "98px")
        ),
        class_name="panel pad",
    )
