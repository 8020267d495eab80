"""Parts of forms that publish: what was published meanwhile, what was published now, and the bar with the draft."""

from typing import Any

import reflex as rx

from app.web.components.parts import note, tag


def news(state: Any) -> rx.Component:
    """Returns what happened beside the form: a newer version, or the one that was just published."""
    newer = note(
        state.since.title, state.since.text, "wait",
        rx.el.button("Look at version ", state.since.newest, on_click=state.accept_newest, class_name="btn s",
                     type="button"),
    )  # fmt: skip
    done = note("Version " + state.published.to_string() + " is published",
                "The next request is decided by it. Running requests end by theirs.", "ok")  # fmt: skip
    return rx.fragment(
        rx.cond(state.since.newest != 0, newer, rx.fragment()),
        rx.cond((state.published != 0) & (state.since.newest == 0), done, rx.fragment()),
    )


def form_bar(state: Any, changes: rx.Component, count: rx.Var[int]) -> rx.Component:
    """Returns the bar of a form whose submission reads it: first its changes, then its publication.

    `changes` are those, `count` how many there are. It stays at the window's lower edge.
    """
    nothing = rx.cond(state.is_reviewed & (count == 0), "Nothing changes by this.", "")
    said = rx.cond(count > 0, count.to_string() + " to change", nothing)
    publish = rx.el.button("Publish version ", _next(state), on_click=state.publish, class_name="btn s primary",
                           type="button")  # fmt: skip
    review = rx.el.button("See changes", type="submit", class_name="btn s primary")
    buttons = rx.el.div(
        rx.el.button("Discard", on_click=state.discard, class_name="btn s bare", type="button"),
        rx.cond(state.is_reviewed & (count > 0), publish, review), class_name="row",
    )  # fmt: skip
    bar = rx.el.div(
        tag("Draft", tone="wait"), rx.el.span(said, class_name="grow num", role="status"), buttons,
        rx.el.p(state.publish_error, class_name="bad problem", role="alert"), class_name="publish-bar",
    )  # fmt: skip
    return rx.el.div(
        rx.el.div(rx.cond(count > 0, changes, rx.fragment()), bar, class_name="panel", role="region",
                  aria_label="Draft"),
        class_name="publish low",
    )  # fmt: skip


def publish_bar(state: Any, said: rx.Var[str], can_publish: rx.Var[bool], discard: Any) -> rx.Component:
    """Returns the bar of a draft: `said` is how much it changes; it stays in sight while the page scrolls."""
    buttons = rx.el.div(
        rx.el.button("Discard", on_click=discard, class_name="btn s bare", type="button"),
        rx.el.button(rx.cond(state.is_reviewing, "Hide changes", "See changes"),
                     on_click=state.review(~state.is_reviewing), aria_expanded=state.is_reviewing,
                     class_name="btn s", type="button"),
        rx.el.button("Publish version ", _next(state), on_click=state.publish, disabled=~can_publish,
                     class_name="btn s primary", type="button"),
        class_name="row",
    )  # fmt: skip
    return rx.el.div(
        tag("Draft", tone="wait"), rx.el.span(said, class_name="grow", role="status"), buttons,
        rx.el.p(state.publish_error, class_name="bad problem", role="alert"),
        class_name="publish-bar panel", role="region", aria_label="Draft",
    )  # fmt: skip


def _next(state: Any) -> rx.Var[int]:
    """Returns the number of the version that would come next: after whatever somebody else has published meanwhile."""
    return rx.cond(state.since.newest != 0, state.since.newest, state.read_version) + 1
