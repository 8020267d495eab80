"""Small parts: tag, note, icon, skeleton, copy button, a message in place of a page."""

import reflex as rx


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


def app_icon(initials: rx.Var[str] | str) -> rx.Component:
    """Returns an app's icon, made of its name."""
    return rx.el.span(initials, class_name="icon", aria_hidden="true")


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


def copy_button(text: str) -> rx.Component:
    """Returns a button that copies a text and says so."""
    return rx.el.button(
        "Copy",
        on_click=[rx.set_clipboard(text), rx.toast.success("Copied")],
        class_name="btn s copy",
        type="button",
        aria_label="Copy the code",
    )
