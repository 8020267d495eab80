"""How privacy looks in the settings: whether what one says to models is kept, and how it is deleted."""

import reflex as rx

from app.web.components.parts import confirm, tag
from app.web.end_user.settings.cards_page import anchor
from app.web.end_user.settings.state import SettingsState
from app.web.frame import routes

PRIVACY = "Privacy"
_state = SettingsState
_KEPT = (
    "Conversations of the chat page are kept, sealed, for you alone; programs of yours name the one in which they ask. "
    "What apps send is never kept."
)
_NOTHING = "Nothing that you say to models is kept, by programs of yours neither. A chat is gone with its tab."


def privacy() -> rx.Component:
    """Returns the section of privacy, where there can be conversations."""
    page = _state.page
    deleted = "All conversations are deleted at once, those in other browsers too. This cannot be undone."
    on = confirm(deleted, "Delete and keep nothing", "Cancel", _state.keep_nothing, _state.ask(""))
    gone = confirm(deleted, "Delete all", "Cancel", _state.delete_conversations, _state.ask(""))
    some = rx.fragment(
        rx.el.a(page.kept, href=f"{routes.CHAT}/", class_name="num"),
        rx.el.button("Delete all", on_click=_state.ask("delete-conversations"), class_name="btn s", type="button"),
    )
    kept = rx.el.div(
        rx.el.p(_KEPT, class_name="muted"),
        rx.el.div(
            rx.cond(page.kept != "", some, rx.el.span("Nothing is kept yet", class_name="muted")),
            rx.el.button("Keep nothing", on_click=_state.ask("keep-nothing"), class_name="btn s", type="button"),
            class_name="row wrap", style={"marginTop": "12px"},
        ),
        rx.match(_state.asking, ("delete-conversations", gone), ("keep-nothing", on), rx.fragment()),
        class_name="item",
    )  # fmt: skip
    nothing = rx.el.div(
        rx.el.p(_NOTHING, class_name="muted"),
        rx.el.button("Keep conversations again", on_click=_state.keep_again, class_name="btn s", type="button",
                     style={"marginTop": "12px"}),
        class_name="item",
    )  # fmt: skip
    trains = rx.el.small("Nothing that is said here trains a model of ours.", class_name="faint inset",
                         style={"display": "block", "paddingBottom": "20px"})  # fmt: skip
    head = rx.el.div(
        rx.el.h2(PRIVACY), rx.cond(page.keeps_nothing, tag("Keeps nothing", tone="ok"), rx.fragment()),
        class_name="row between inset", style={"paddingTop": "20px", "paddingBottom": "12px"},
    )  # fmt: skip
    section = rx.el.section(head, rx.cond(page.keeps_nothing, nothing, kept), trains, class_name="panel",
                            aria_label=PRIVACY, id=anchor(PRIVACY))  # fmt: skip
    return rx.cond(page.has_conversations, section, rx.fragment())
