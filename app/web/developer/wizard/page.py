"""The wizard: five steps to a paywall whose first request has come."""

from typing import Any

import reflex as rx

from app.web.components.parts import confirm, instead, panel_skeletons, tag
from app.web.developer.wizard.finish_page import finish_step
from app.web.developer.wizard.mode_page import mode_step
from app.web.developer.wizard.payments_page import payments_step
from app.web.developer.wizard.prices_page import prices_step
from app.web.developer.wizard.provider_page import provider_step
from app.web.developer.wizard.state import WizardState
from app.web.developer.wizard.words import STEPS
from app.web.frame import routes
from app.web.frame.layout import own_frame

_state = WizardState
_LAST = len(STEPS) - 1


def wizard() -> rx.Component:
    """Returns the page on which a paywall is made."""
    steps = rx.match(_state.step, (1, provider_step()), (2, payments_step()), (3, prices_step()), mode_step())
    open_ = rx.fragment(_head(_state.page.has_draft), _progress(), steps)
    done = rx.fragment(_finished(), _progress(is_done=True), finish_step())
    shown = rx.cond(_state.phase == "ready", rx.cond(_state.finish.id != "", done, open_),
                    rx.fragment(rx.el.h1("New paywall"), panel_skeletons("60px", "220px")))  # fmt: skip
    failed = instead("This page cannot be shown", _state.problem,
                     rx.el.a("To your paywalls", href=f"{routes.DASHBOARD}/", class_name="btn"))  # fmt: skip
    page = rx.el.div(shown, class_name="narrow stack wizard")
    return own_frame(rx.cond(_state.phase == "invalid", failed, page), current=routes.DASHBOARD, visitor=_state)


def _head(has_draft: Any) -> rx.Component:
    said = rx.cond(has_draft, _state.page.app_name + ". Draft saved, kept for 30 days.",
                   "Five steps; each is kept as soon as it is taken.")  # fmt: skip
    over = rx.el.button("Start over", on_click=_state.ask, class_name="btn s bare", type="button")
    close = rx.el.a("Close", href=f"{routes.DASHBOARD}/", class_name="btn s bare")
    asked = confirm("Forget this draft, with all that was chosen?", "Forget it", "Keep", _state.start_over, _state.ask)
    head = rx.el.div(
        rx.el.div(rx.el.h1("New paywall"), rx.el.small(said, class_name="muted", role="status")),
        rx.el.div(rx.cond(has_draft, over, rx.fragment()), close, class_name="row"),
        class_name="page-head",
    )
    return rx.fragment(head, rx.cond(_state.is_asking, asked, rx.fragment()))


def _finished() -> rx.Component:
    finish = _state.finish
    return rx.el.div(
        rx.el.div(
            rx.el.h1(finish.app_name, " is ready"),
            rx.el.small(finish.kind, ". Version 1 is published.", class_name="muted"),
        ),
        tag("Made", tone="ok"),
        class_name="page-head",
    )


def _progress(*, is_done: bool = False) -> rx.Component:
    """The steps: those before can be gone back to, as long as nothing was made."""

    def one(number: int, name: str) -> rx.Component:
        if is_done:
            here = "step" if number == _LAST else None
            look = "here" if number == _LAST else "done"
            return rx.el.li(rx.el.span(rx.el.i(str(number + 1) if number == _LAST else "✓", aria_hidden="true"),
                                       rx.el.span(name)), class_name=look, aria_current=here)  # fmt: skip
        is_here, is_open = _state.step == number, _state.page.has_draft & (_state.page.reached >= number)
        mark = rx.el.i(str(number + 1), aria_hidden="true")
        button = rx.el.button(mark, rx.el.span(name), on_click=_state.go(number), type="button",
                              disabled=~is_open if number else False)  # fmt: skip
        look = rx.cond(is_here, "here", rx.cond(_state.page.reached > number, "done", ""))
        return rx.el.li(
            button if number < _LAST else rx.el.span(mark, rx.el.span(name)),
            class_name=look, aria_current=rx.cond(is_here, "step", "false"),
        )  # fmt: skip

    return rx.el.ol(*(one(number, name) for number, name in enumerate(STEPS)), class_name="steps",
                    aria_label="Steps")  # fmt: skip
