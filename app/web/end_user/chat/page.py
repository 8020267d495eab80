"""How the chat page looks. What is said in it passes no state of ours: the browser asks and reads it itself.

The room is a component of our own in `assets/chat/`, which reads `app/api/talk/` as any client would.
"""

import reflex as rx

from app.web.components.parts import instead, panel_skeletons
from app.web.end_user.chat.state import ChatState
from app.web.frame import routes
from app.web.frame.layout import own_frame

_state = ChatState


class Room(rx.Component):
    """The conversations of whoever is signed in, and what they have to spend, in words."""

    library = "$/public/chat/room.js"
    tag = "Room"

    available: rx.Var[str]
    held: rx.Var[str]
    frozen: rx.Var[str]
    free_only: rx.Var[bool]


def chat() -> rx.Component:
    """Returns the page of chats."""
    purse = _state.purse
    room = Room.create(available=purse.available, held=purse.held, frozen=purse.frozen, free_only=purse.free_only)
    closed = instead("No chat here", "This instance offers no credits: its operator has set up no provider for them.")
    page = rx.match(
        _state.phase,
        ("ready", rx.cond(purse.is_offered, room, closed)),
        ("invalid", instead("The chat cannot be shown", _state.problem)),
        rx.el.div(panel_skeletons("420px"), class_name="narrow"),
    )
    return own_frame(page, current=routes.CHAT, visitor=_state)
