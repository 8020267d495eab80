"""The first page: what Coinslot is, how an app starts, what its user sees."""

import reflex as rx

from app.web.components.parts import copy_button, tag
from app.web.frame import routes
from app.web.frame.layout import foot, frame
from app.web.public.home.state import HomeState

_FACTS = (
    ("No billing branches", "When money is missing, the answer is an ordinary assistant message that holds the link. "
     "Your app just renders it."),
    ("Never below zero", "What a request can cost is set aside before it runs, and what it did not use goes back. "
     "The ledger decides, not a balance read a moment ago."),
    ("Explained to the last digit", "Every charge has a receipt: tokens by kind, price, arithmetic, what was held and "
     "what was released."),
)  # fmt: skip


def home() -> rx.Component:
    """Returns the first page."""
    enter = rx.el.a("Sign in", href=f"{routes.SIGN_IN}/", class_name="btn s")
    # What is already seen is replaced, not moved, once it is known that this is the demo.
    below = rx.cond(HomeState.is_demo, rx.el.div(_demo(), _facts()), _facts())
    return frame(_hero(), below, foot(), back=enter)


def _hero() -> rx.Component:
    words = rx.el.div(
        rx.el.h1("A coin slot for any LLM app"),
        rx.el.p(
            "Change a base URL and a key. From then on every user of your app tops up and pays for their own usage.",
            class_name="lead",
        ),
        rx.el.div(rx.el.pre(rx.el.code(HomeState.code)), copy_button(HomeState.code), class_name="code"),
        rx.el.div(rx.el.a("Create a paywall", href=f"{routes.NEW_PAYWALL}/", class_name="btn primary"),
                  rx.el.small("Five steps, by clicking. Your app is paid in minutes.", class_name="muted"),
                  class_name="row wrap hero-way"),
    )  # fmt: skip
    return rx.el.section(words, _talk(), class_name="hero")


def _talk() -> rx.Component:
    """Returns a conversation as an app's user sees it."""
    return rx.el.figure(
        rx.el.p("Summarise this contract in five points", class_name="said me"),
        rx.el.p(
            "Your Lexica wallet does not have enough left for this message. Add funds here: ",
            rx.el.span("coinslot.example/topup/…", class_name="link"),
            class_name="said it",
        ),
        rx.el.div(tag("$5.00 added", tone="ok"), class_name="between-said"),
        rx.el.p("Summarise this contract in five points", class_name="said me"),
        rx.el.p("1. The term is twelve months and renews unless either side gives notice. 2. …", class_name="said it"),
        rx.el.div(rx.el.small("1,204 tokens · $0.0041 charged", class_name="faint num"), class_name="between-said"),
        class_name="panel talk",
        aria_label="A conversation in an app: the first answer holds a top-up link, the second one is the model's",
    )


def _demo() -> rx.Component:
    """Returns the ways into the demo's two apps, as their users would come."""
    ways = (
        ("Lexica · default mode", "Each app has wallets of its own, and its link is all that a user needs. Pay in the "
         "sandbox; no account, no real money.", "Top up as Ada", HomeState.topup_link),
        ("Marginalia · shared mode", "One USDC wallet for all apps. Sign in with any address, choose a monthly cap, "
         "and approve.", "Connect a wallet as Ada", HomeState.connect_link),
        ("Its mailbox", "Nothing is sent from here. Sign-in codes and notices arrive on a page of this demo.",
         "Open the mailbox", f"{routes.MAIL}/"),
    )  # fmt: skip
    cards = (
        rx.el.div(rx.el.h2(title), rx.el.p(text, class_name="muted"), rx.el.a(name, href=url, class_name="btn s"))
        for title, text, name, url in ways
    )
    return rx.el.section(
        rx.el.div(rx.el.h2("Try this demo"), tag("No real money", tone="wait"), class_name="row between"),
        rx.el.div(*cards, class_name="ways"),
        rx.el.p(
            "Keys for your own programs are in the terminal that it runs in. Send a message with one; "
            "the first answer holds the same link.", class_name="muted",
        ),
        class_name="panel pad demo", aria_label="Try this demo",
    )  # fmt: skip


def _facts() -> rx.Component:
    return rx.el.section(
        *(rx.el.div(rx.el.h2(title), rx.el.p(text)) for title, text in _FACTS),
        class_name="facts",
    )
