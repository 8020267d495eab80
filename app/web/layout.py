"""The frame of every page: the bar at the top, the way back to the app, the theme, the foot."""

import reflex as rx

from app.web import routes


def frame(*children: rx.Component, back: rx.Component | None = None) -> rx.Component:
    """Returns a page with its bar and foot around it."""
    bar = rx.el.header(
        rx.el.div(
            rx.el.a(
                rx.el.span(class_name="mark", aria_hidden="true"), "Coinslot", href=routes.HOME, class_name="brand"
            ),
            rx.el.div(back or rx.fragment(), theme_button(), class_name="row"),
            class_name="top-in row between",
        ),
        class_name="top",
    )
    foot = rx.el.footer("Coinslot keeps a receipt for every charge.", class_name="foot")
    return rx.fragment(bar, rx.el.main(*children), foot)


def theme_button() -> rx.Component:
    """Returns the button that changes between light and dark."""
    return rx.el.button(
        rx.color_mode_cond(light="Dark", dark="Light"),
        on_click=rx.toggle_color_mode,
        class_name="btn s bare",
        type="button",
        aria_label="Change between light and dark",
    )
