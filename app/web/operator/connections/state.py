"""What the page of connections remembers: nothing of its own."""

import reflex as rx

from app.web.operator.connections.rows import ConnectionsPage, read_connections_page
from app.web.operator.frame.state import OperatorState, Work


class ConnectionsState(OperatorState, rx.State):
    """One open page of connections."""

    page: ConnectionsPage = ConnectionsPage()

    def _work(self) -> Work:
        return lambda session: {"page": read_connections_page(session)}
