"""Turns: what counts rows before it adds one does so one at a time, on both databases."""

import hashlib

from sqlalchemy import text
from sqlalchemy.orm import Session

_LOCK = text("SELECT pg_advisory_xact_lock(:key)")


def take_turns(session: Session, *names: str) -> None:
    """Waits until no other writing transaction has any of these names, and has them until its end.

    SQLite has one writer anyway. Names are taken in one order, so that two that share some never wait for each other.
    """
    if session.get_bind().dialect.name == "sqlite":
        return
    for key in sorted({int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True) for name in names}):
        session.execute(_LOCK, {"key": key})
