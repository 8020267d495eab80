"""A real SMTP server that keeps what it is given."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.ports import free_port

SECONDS_MAX = 60


class PatientController(Controller):
    """A mail server that may take as long as a busy machine needs to start: aiosmtpd gives its first word a second."""

    def __init__(self, handler: object, **options: Any) -> None:
        super().__init__(handler, ready_timeout=SECONDS_MAX, **options)

    def _trigger_server(self) -> None:
        with socket.create_connection((self.hostname, self.port), SECONDS_MAX) as connection:
            connection.recv(1_024)


class Inbox:
    """Every mail, by address."""

    def __init__(self, port: int) -> None:
        self.url = f"smtp://127.0.0.1:{port}"
        self.mails: list[tuple[str, Any]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.mails += [(address, message) for address in envelope.rcpt_tos]
        return "250 OK"

    def to(self, address: str) -> list[Any]:
        """Returns the mails to an address, the oldest first."""
        return [message for known, message in self.mails if known == address]

    def code(self, address: str, after: int = 0) -> str:
        """Returns the code in the newest mail to an address, once it has got more than `after`."""
        for _ in range(SECONDS_MAX * 20):
            if len(self.to(address)) > after:
                found = re.match(r"\d{6}", self.to(address)[-1]["Subject"])
                if found:
                    return found[0]
            time.sleep(0.05)
        raise AssertionError(f"no code was sent to {address}")


@contextmanager
def running() -> Iterator[Inbox]:
    """Runs a mail server on a free port."""
    port = free_port()
    inbox = Inbox(port)
    controller = PatientController(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()
