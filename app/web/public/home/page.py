"""The first page: what Coinslot is, how an app starts, what its user sees."""

import reflex as rx

from app.web.components.parts import copy_button, tag
from app.web.layout import frame

_CODE = """from openai import OpenAI

client = OpenAI(
    base_url="http://127.0.0.1:8000/v1",
    api_key="sk-coinslot-test-…",
)
answer = client.chat.completions.create(
    model="demo-mini",
    user="ada",
    messages=[…],
)"""

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
    return frame(_hero(), _facts())


def _hero() -> rx.Component:
    words = rx.el.div(
        rx.el.h1("A coin slot for any LLM app"),
        rx.el.p(
            "Change a base URL and a key. From then on every user of your app tops up and pays for their own usage.",
            class_name="lead",
        ),
        rx.el.div(rx.el.pre(rx.el.code(_CODE)), copy_button(_CODE), class_name="code"),
    )
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


def _facts() -> rx.Component:
    return rx.el.section(
        *(rx.el.div(rx.el.h2(title), rx.el.p(text)) for title, text in _FACTS),
        class_name="facts",
    )
