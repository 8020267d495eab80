"""Says that there is nothing here."""

import reflex as rx

from app.web.components.parts import instead
from app.web.frame import routes
from app.web.frame.layout import foot, frame


def missing() -> rx.Component:
    """Returns the page for unknown addresses."""
    text = "The address may be cut off. If an app sent you here, ask it for the link again."
    first = rx.el.a("To the first page", href=routes.HOME, class_name="btn")
    return frame(instead("There is no such page", text, first), foot())
