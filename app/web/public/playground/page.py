"""How a playground looks. What is said in it is the browser's alone: it passes no state of ours.

The room is a component of our own in `assets/playground/`, which reads `app/api/playground/` as any client would.
"""

import reflex as rx

from app.web.frame.layout import frame


class Room(rx.Component):
    """One conversation with the models of a paywall, whose address it reads from the page's."""

    library = "$/public/playground/room.js"
    tag = "Room"


def playground() -> rx.Component:
    """Returns the page of a playground."""
    return frame(Room.create())
