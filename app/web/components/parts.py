"""Small parts: tag, note, icon, figure, skeleton, copy button, a message in place of a page."""

import reflex as rx
from reflex.event import EventSpec


def tag(*children: rx.Component | rx.Var[str] | str, tone: str = "") -> rx.Component:
    """Returns a short status; `tone` is `ok`, `wait`, `bad` or nothing."""
    return rx.el.span(*children, class_name=f"tag {tone}".strip())


def note(title: rx.Var[str] | str, text: rx.Var[str] | str, tone: str, *actions: rx.Component) -> rx.Component:
    """Returns what just happened, read out, and what to do next: `tone` is `ok` or `bad`."""
    return rx.el.div(
        rx.el.div(rx.el.b(title), rx.el.p(text), role="status", aria_live="polite"),
        *actions,
        class_name=f"note {tone}",
    )


def app_icon(initials: rx.Var[str] | str, icon: rx.Var[str] | str = "") -> rx.Component:
    """Returns an app's icon: its picture, where `icon` says where that is, else one that is made of its name."""
    made = rx.el.span(initials, class_name="icon", aria_hidden="true")
    if isinstance(icon, str):
        return made
    return rx.cond(icon != "", rx.el.img(src=icon, alt="", class_name="icon"), made)


def figure(amount: rx.Var[str]) -> rx.Component:
    """Returns a large amount, read out when it changes; the unit behind it is smaller."""
    words = amount.split(" ")
    return rx.el.div(
        words[0], rx.el.span(" ", words[1], class_name="unit"), class_name="balance num", aria_live="polite"
    )


def skeleton(width: str, height: str) -> rx.Component:
    """Returns the place of something that is still being read."""
    return rx.el.div(class_name="skeleton", style={"width": width, "height": height}, aria_hidden="true")


def instead(title: rx.Var[str] | str, text: rx.Var[str] | str, *actions: rx.Component) -> rx.Component:
    """Returns a calm message where a page cannot be shown: what happened, and what to do."""
    message = rx.el.section(
        rx.el.h1(title),
        rx.el.p(text, class_name="muted", style={"marginTop": "8px"}),
        *(rx.el.div(action, style={"marginTop": "20px"}) for action in actions),
        class_name="panel pad",
    )
    return rx.el.div(message, class_name="centre")


def copy_button(text: rx.Var[str] | str) -> rx.Component:
    """Returns the button in the corner of a piece of code that copies it."""
    return rx.el.button(
        "Copy", on_click=_copying(text), class_name="btn s copy", type="button", aria_label="Copy the code"
    )


def copy_text_button(text: rx.Var[str] | str, label: str = "Copy") -> rx.Component:
    """Returns a button that copies a text and says so."""
    return rx.el.button(label, on_click=_copying(text), class_name="btn s", type="button")


def id_line(id_: rx.Var[str]) -> rx.Component:
    """Returns an id with what copies it: it is what a developer searches logs for, and what help asks for."""
    return rx.el.div(rx.el.p(id_, class_name="id"), copy_text_button(id_, "Copy id"), class_name="row id-row")


def _copying(text: rx.Var[str] | str) -> list[EventSpec]:
    return [rx.set_clipboard(text), rx.toast.success("Copied")]


def problem_line(text: rx.Var[str]) -> rx.Component:
    """Returns the line that says what is wrong with what was entered, read out when it comes; it may be empty."""
    return rx.el.p(text, class_name="bad problem", role="alert")


def saved_line(times: rx.Var[int]) -> rx.Component:
    """Returns what says for a moment that something was saved, anew each time that it was.

    A toast that a handler returns is a script to be evaluated, which our policy lets no page do.
    """
    said = rx.el.span("Saved", class_name="good passing", key=times)
    return rx.el.span(rx.cond(times > 0, said, rx.fragment()), role="status")


def empty(title: str, text: str, *actions: rx.Component) -> rx.Component:
    """Returns what stands in an empty list: why it is empty, and what to do next."""
    return rx.el.div(
        rx.el.b(title), rx.el.p(text, class_name="muted"), *(rx.el.div(action) for action in actions),
        class_name="empty inset",
    )  # fmt: skip


def confirm(
    question: rx.Component | rx.Var[str] | str, yes: str, no: str, on_yes: rx.EventHandler, on_no: rx.EventHandler
) -> rx.Component:
    """Returns the question that a destructive step asks once, in its place; Escape says no to it."""
    return ask_once(
        question,
        rx.el.button(yes, on_click=on_yes, class_name="btn s danger", type="button"),
        rx.el.button(no, on_click=on_no, class_name="btn s", type="button"),
    )


def ask_once(question: rx.Component | rx.Var[str] | str, yes: rx.Component, no: rx.Component) -> rx.Component:
    """Returns such a question with buttons of one's own; the frame leads into it and out (`frame.questions`)."""
    named = {} if isinstance(question, rx.Component) else {"aria_label": question}
    return rx.el.div(
        rx.el.p(question), rx.el.div(yes, no, class_name="row"), class_name="confirm", role="group", **named
    )


def sandbox_tag(is_sandbox: rx.Var[bool]) -> rx.Component:
    """Returns the mark of money that is not real."""
    return rx.cond(is_sandbox, tag("Sandbox", tone="wait"), rx.fragment())


def panel_skeletons(*heights: str) -> rx.Component:
    """Returns the places of a page's panels while they are read: other elements than those, which take their place."""
    panels = (rx.el.div(skeleton("40%", "20px"), rx.el.div(skeleton("100%", height), style={"marginTop": "18px"}),
                        class_name="panel pad") for height in heights)  # fmt: skip
    return rx.fragment(*panels, rx.el.p("Reading", class_name="unseen", role="status"))
