"""How jobs look: a line each, what is wrong first with what to do, and a button that runs it."""

import reflex as rx

from app.web.components.parts import empty, note
from app.web.operator.frame.layout import operator_page
from app.web.operator.jobs.rows import JobRow
from app.web.operator.jobs.state import JobsState

_state = JobsState


def jobs() -> rx.Component:
    """Returns the page of what the clock starts."""
    problem = rx.cond(_state.error != "", note("Nothing was run", _state.error, "bad"), rx.fragment())
    none = empty("No job ran yet", "They begin a moment after the process does.")
    listed = rx.el.section(
        rx.cond(_state.page.rows, rx.el.ul(rx.foreach(_state.page.rows, _row)), none),
        class_name="panel attention", aria_label="Jobs",
    )  # fmt: skip
    return operator_page("Jobs", _state.page.lead, _state, problem, listed)


def _row(row: rx.Var[JobRow]) -> rx.Component:
    run = rx.cond(
        row.is_asked, rx.el.span("Runs in a moment", class_name="tag", role="status"),
        rx.el.button("Run now", on_click=_state.run_now(row.name), class_name="btn s", type="button",
                     aria_label="Run " + row.name + " now"),
    )  # fmt: skip
    wrong = rx.fragment(rx.el.small(row.says), rx.el.small(row.mend))
    return rx.el.li(
        rx.el.i(class_name="dot " + row.tone, aria_hidden="true"),
        rx.el.div(rx.el.b(row.name, class_name="mono"), rx.el.small(row.does, class_name="muted"),
                  rx.el.small("Last success ", row.last, " · next ", row.following, class_name="faint"),
                  rx.cond(row.says != "", wrong, rx.fragment()), class_name="grow"),
        run, class_name="item item-line", key=row.name,
    )  # fmt: skip
