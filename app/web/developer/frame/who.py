"""What whoever changed something of a paywall is called on its pages."""

from app.db import Session
from app.domain.errors import NotFound
from app.domain.paywalls.changes import CATALOGUE
from app.domain.people.accounts import read_account


def name_of(session: Session, made_by: str | None) -> str:
    """Returns the name of an account, and otherwise what it was: the catalogue, a command, a key of the app."""
    if made_by is None:
        return "a command"
    if made_by == CATALOGUE:
        return "the catalogue"
    if made_by.startswith("key_"):
        return "the app, by its key"
    try:
        return read_account(session, made_by).name
    except NotFound:
        return made_by
