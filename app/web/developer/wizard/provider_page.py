"""The second step: who answers the requests. What is typed of a key is posted by the browser and passes no state."""

import reflex as rx

from app.web.components.once import Posting, after_post, post_fields
from app.web.components.parts import note, tag
from app.web.developer.wizard.parts import buttons, choice, other_problem, problem_of
from app.web.developer.wizard.state import WizardState
from app.web.developer.wizard.words import STEPS

_state = WizardState
_posting = Posting.of("draftprovider")
_ROUTE, _DONE = "/manage/draft/provider", "provider-kept"
URL, KEY = "provider-url", "provider-key"
UNREACHABLE = "provider_unreachable"


def provider_step() -> rx.Component:
    """Returns the step in which a provider is tried and kept."""
    page, chosen = _state.page, _state.provider
    demo = choice("provider", "demo", "Demo provider", "Believable text without a key, for the sandbox.", chosen)
    built_in = choice("provider", "built-in", "Built-in provider",
                      rx.cond(page.has_built_in,
                              "The operator’s key and the full catalogue; its cost leaves each charge.",
                              "The operator has not set it up here yet."), chosen)  # fmt: skip
    own = choice("provider", "own", "Your own provider", "Any OpenAI-compatible API, by your own key.", chosen)
    kinds = rx.el.div(
        rx.cond(page.has_demo, demo, rx.fragment()), rx.cond(page.may_use_built_in, built_in, rx.fragment()), own,
        class_name="choices", role="radiogroup", aria_label="Provider",
    )  # fmt: skip
    is_own = chosen == "own"
    empty = rx.Var.create("")
    post = post_fields(_ROUTE, {"base_url": URL, "key": KEY}, _posting, _DONE)
    post_other = post_fields(_ROUTE, {"name": chosen, "key": empty}, _posting, _DONE)
    anyway = post_fields(_ROUTE, {"base_url": URL, "key": KEY, "untried": rx.Var.create("yes")}, _posting, _DONE)
    is_busy = _posting.busy.value == "yes"
    label = rx.cond(is_busy, "Trying…", "Try and continue")
    go_on = rx.el.button(label, type="submit", class_name="btn primary", disabled=is_busy)
    untried = rx.cond(
        is_own & (_posting.code.value == UNREACHABLE),
        rx.el.button("Continue without it", on_click=anyway, type="button", class_name="btn", disabled=is_busy),
        rx.fragment(),
    )
    form = rx.el.form(
        kinds, rx.cond(is_own, _own(), rx.fragment()), other_problem(_posting, "base_url", "api_key"), _found(),
        buttons(0, untried, go_on), class_name="stack", on_submit=rx.cond(is_own, post, post_other),
    )  # fmt: skip
    return rx.fragment(form, after_post(_DONE, _state.kept(STEPS.index("Payments"))))


def _own() -> rx.Component:
    page = _state.page
    address = rx.el.label(
        rx.el.span("Base URL"),
        rx.el.input(id=URL, type="text", input_mode="url", class_name="field plain s", auto_complete="off",
                    spell_check=False, default_value=page.base_url, placeholder="https://api.openai.com/v1",
                    max_length=2_000, aria_describedby="url-said"),
        rx.el.div(problem_of(_posting, "base_url"), id="url-said"), class_name="labelled",
    )  # fmt: skip
    kept = rx.cond(page.has_key, "Kept; type another to replace it", "sk-…")
    key = rx.el.label(
        rx.el.span("API key"),
        rx.el.input(id=KEY, type="password", class_name="field plain s", auto_complete="off", spell_check=False,
                    placeholder=kept, max_length=2_000, aria_describedby="key-said"),
        rx.el.div(problem_of(_posting, "api_key"), id="key-said"), class_name="labelled",
    )  # fmt: skip
    said = (
        "The key is tried: it asks for the list of models, and one of them for a word, which may cost you"
        " a fraction of a cent. Then it is kept encrypted, sent to this address only, and never shown again."
    )
    return rx.el.section(address, key, rx.el.small(said, class_name="muted"), class_name="panel pad stack",
                         aria_label="Your own provider")  # fmt: skip


def _found() -> rx.Component:
    """What the last trial found, as long as the same kind is chosen."""
    page = _state.page
    by = rx.cond(page.answered_by != "", rx.el.span(" ", page.answered_by, " answered: the key works."), rx.fragment())
    answered = rx.el.p(tag("Answered", tone="ok"), rx.el.span("It lists ", page.models, ".", by),
                       class_name="row wrap muted")  # fmt: skip
    doubt = note("The key is not proved", "It lists " + page.models + ", but no model answered: " + page.provider_doubt,
                 "wait")  # fmt: skip
    models = rx.cond(page.provider_doubt != "", doubt, answered)
    problem = note("It was not reached", page.provider_problem + " No model is offered before it was.", "wait")
    shown = rx.cond(page.provider_problem != "", problem, rx.cond(page.models != "", models, rx.fragment()))
    return rx.cond(page.provider == _state.provider, shown, rx.fragment())
