"""What changed of a paywall since a form was read, in words: which version, whose, and what of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.db import Session
from app.domain.errors import NotFound
from app.domain.paywalls.changes import CATALOGUE, ChangeView, read_changes_since
from app.domain.people.accounts import read_account

CHANGES_MAX = 20
NAMED_MAX = 5
MESSAGES = "the messages"
_FIELDS = {
    "providers": "the providers",
    "messages": MESSAGES,
    "responder": "the responder",
    "markup_basis_points": "the markup",
    "user_from": "where users are named",
    "app_name": "the app's name",
    "app_url": "the app's address",
    "app_text": "the app's line",
    "disconnect": "what a disconnect does",
    "is_strict": "strict errors",
    "needs_confirmation": "whether consent is confirmed",
    "return_origins": "where links lead back to",
}


@dataclass(frozen=True)
class Since:
    """What happened to a paywall since a form was read: nothing where `newest` is 0."""

    newest: int = 0
    title: str = ""
    text: str = ""


def read_since(session: Session, paywall_id: str, read_version: int, newest: int) -> Since:
    """Says what was published after the version that a form was read from."""
    if newest == read_version:
        return Since()
    changes = read_changes_since(session, paywall_id, read_version, CHANGES_MAX)
    by = sorted({_who(session, change) for change in changes})
    title = f"Version {newest} was published" + (f" by {' and '.join(by)}" if by else "")
    named = list(dict.fromkeys(word for change in changes for word in words_of(change.what)))
    what = f"It changes {listed(named)}. " if named else ""
    return Since(newest, title, f"{what}Nothing of yours is lost: look at it on the newest version, then publish.")


def _who(session: Session, change: ChangeView) -> str:
    if change.made_by == CATALOGUE:
        return "the catalogue"
    if change.made_by is None:
        return "a command"
    try:
        return read_account(session, change.made_by).name
    except NotFound:
        return "an app's key"


def words_of(what: Mapping[str, Any]) -> Iterable[str]:
    """Returns what a publication changed, as the log has noted it: `the app's name`, `the price of demo-mini`."""
    for name in what.get("changed", ()):
        if name == "prices":
            yield f"the price of {listed(list(what.get('models', ())))}"
        else:
            yield "the limits" if name.startswith("limits") else _FIELDS.get(name.split(".")[0], name)


def listed(names: list[str]) -> str:
    """Returns `a, b and 3 more`."""
    shown, more = names[:NAMED_MAX], len(names) - NAMED_MAX
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))
