"""How an app wallet looks: balance, amounts to top up, activity."""

import reflex as rx

from app.web.components.activity import activity
from app.web.components.amounts import amount_form
from app.web.components.parts import app_icon, figure, instead, note, sandbox_tag, skeleton, tag
from app.web.components.payment_ways import ways_to_pay
from app.web.components.topup_notes import frozen_note, topup_notes, unless_waiting
from app.web.end_user.topup.state import TopupState
from app.web.frame import routes
from app.web.frame.layout import frame


def topup() -> rx.Component:
    """Returns the wallet page behind a top-up link."""
    wallet = TopupState.wallet
    back = rx.el.a("Back to ", wallet.app_name, href=wallet.back_url, class_name="btn s bare")
    page = rx.match(
        TopupState.phase,
        ("ready", _wallet()),
        ("invalid", instead("This link cannot be used", TopupState.problem)),
        _loading(),
    )
    return frame(page, back=rx.cond(wallet.back_url != "", back, rx.fragment()))


def _wallet() -> rx.Component:
    return rx.el.div(
        _outcome(),
        rx.el.div(
            rx.el.section(_head(), _balance(), _pay(), class_name="panel pad", aria_label="Balance and top-up"),
            _activity(),
            class_name="pair",
        ),
        class_name="narrow",
    )


def _head() -> rx.Component:
    wallet = TopupState.wallet
    return rx.el.div(
        rx.el.div(
            app_icon(wallet.initials, wallet.icon),
            rx.el.div(
                rx.el.h1(rx.cond(wallet.is_shared, "Your wallet", wallet.app_name)),
                rx.el.small(
                    rx.cond(
                        wallet.is_shared, "For " + wallet.app_name + " and your other apps", "Your wallet in this app"
                    ),
                    class_name="muted",
                ),
            ),
            class_name="row",
        ),
        sandbox_tag(wallet.is_sandbox),
        class_name="row between",
    )


def _balance() -> rx.Component:
    wallet = TopupState.wallet
    held = rx.el.small(wallet.held, " held for a running answer", class_name="muted num")
    owed = rx.el.small(wallet.owed, " owed: a payment that your bank took back was spent", class_name="muted num")
    short = tag("Your last message needs ", wallet.short, " more", tone="wait")
    return rx.el.div(
        rx.el.small("Available", class_name="muted"),
        figure(wallet.available),
        rx.cond(wallet.owed != "", rx.el.div(owed), rx.fragment()),
        rx.cond(wallet.held != "", rx.el.div(held), rx.fragment()),
        rx.cond(wallet.short != "", rx.el.div(short, style={"marginTop": "8px"}), rx.fragment()),
        style={"marginTop": "22px"},
    )


def _pay() -> rx.Component:
    wallet = TopupState.wallet
    assurance = rx.el.small(
        rx.cond(wallet.is_sandbox, "No real money moves in the sandbox.", "Paid money never expires."),
        class_name="faint", style={"display": "block", "textAlign": "center", "marginTop": "12px"},
    )  # fmt: skip
    ways = rx.fragment(
        ways_to_pay(TopupState, wallet.is_sandbox, wallet.is_shared & ~TopupState.usdc_open),
        amount_form(TopupState, rx.cond(wallet.is_shared, _gets(), rx.fragment()), assurance),
    )
    closed = rx.el.p(
        wallet.app_name, " is archived and takes no money. What you have here stays.", class_name="muted",
        style={"marginTop": "22px"},
    )  # fmt: skip
    none = rx.el.p(
        "No card can be charged here yet: nobody has connected an account for that.", class_name="muted",
        style={"marginTop": "22px"},
    )  # fmt: skip
    either = rx.fragment(rx.cond(TopupState.ways, ways, none), rx.cond(TopupState.usdc_open, _in_usdc(), rx.fragment()))
    return rx.cond(wallet.is_archived, closed, unless_waiting(TopupState, either))


def _in_usdc() -> rx.Component:
    """Leads to the wallet, whose owner has an address on a chain: a link identifies them and never signs them in."""
    return rx.el.div(
        rx.el.small("Or send USDC on a chain, to an address of your own.", class_name="muted"),
        rx.el.a("Pay in USDC", href=f"{routes.WALLET}/?pay=usdc", class_name="btn s",
                style={"minWidth": "max-content"}),
        class_name="row between", style={"marginTop": "16px", "flexWrap": "wrap"},
    )  # fmt: skip


def _gets() -> rx.Component:
    """Says what a payment in dollars becomes in a wallet that holds USDC."""
    return rx.el.div(
        rx.el.small("You get", class_name="muted"), rx.el.b(TopupState.get_label), class_name="sunken num",
        style={"marginTop": "10px"},
    )  # fmt: skip


def _outcome() -> rx.Component:
    wallet = TopupState.wallet
    way_back = rx.el.a("Back to ", wallet.app_name, href=wallet.back_url, class_name="btn primary")
    received = TopupState.outcome_amount + " is in your wallet. You can send your message again."
    paid = note("Top-up received", received, "ok", rx.cond(wallet.back_url != "", way_back, rx.fragment()))
    return rx.fragment(topup_notes(TopupState, paid), frozen_note(wallet.frozen))


def _activity() -> rx.Component:
    empty = rx.el.p(
        "Nothing yet. Top-ups and the charges of your messages appear here, each with its receipt.",
        class_name="muted inset", style={"paddingBottom": "24px"},
    )  # fmt: skip
    more = rx.el.div(
        rx.el.button("Show more", on_click=TopupState.show_more, class_name="btn s", type="button"),
        class_name="inset",
        style={"paddingTop": "14px", "paddingBottom": "18px", "borderTop": "1px solid var(--line)"},
    )
    return rx.el.section(
        rx.el.h2("Activity", class_name="inset", style={"paddingTop": "20px", "paddingBottom": "12px"}),
        rx.cond(TopupState.movements, activity(TopupState.movements), empty),
        rx.cond(TopupState.has_more, more, rx.fragment()),
        class_name="panel",
        style={"overflow": "hidden"},
    )


def _loading() -> rx.Component:
    head = rx.el.div(skeleton("40px", "40px"), skeleton("120px", "20px"), class_name="row")
    card = rx.el.section(
        head,
        rx.el.div(skeleton("180px", "46px"), style={"margin": "42px 0 36px"}),
        skeleton("100%", "112px"),
        rx.el.div(skeleton("100%", "46px"), style={"marginTop": "34px"}),
        class_name="panel pad",
    )
    rows = rx.el.section(
        skeleton("90px", "20px"),
        *(rx.el.div(skeleton("100%", "38px"), style={"marginTop": "16px"}) for _ in range(4)),
        class_name="panel pad",
    )
    waiting = rx.el.p("Reading your wallet", class_name="unseen", role="status")
    problem = rx.el.p(TopupState.problem, class_name="muted", style={"marginBottom": "12px"})
    return rx.el.div(waiting, problem, rx.el.div(card, rows, class_name="pair"), class_name="narrow")
