"""What a program of somebody's keeps of their choices: a small object under each name, replaced as a whole."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.people.tables import AccountPreference
from app.sql.columns import Json

_KEEP = text(
    "INSERT INTO account_preference (account_id, name, value, changed_at) VALUES (:account_id, :name, :value, :now)"
    " ON CONFLICT (account_id, name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at"
).bindparams(bindparam("value", type_=Json()))


class Preference(StrEnum):
    """Under which names something is kept."""

    COPILOT = "copilot"
    """How far somebody is with their first steps."""
    OPTIMIZATION = "optimization"
    """What a model is recommended by."""


def read_preference(session: Session, account_id: str, name: Preference) -> Mapping[str, Any]:
    """Returns what an account keeps under a name; nothing where it keeps none."""
    row = session.get(AccountPreference, (account_id, name.value))
    return {} if row is None else dict(row.value)


def keep_preference(session: Session, account_id: str, name: Preference, value: Mapping[str, Any]) -> None:
    """Keeps a value in the place of the one before; who came last counts."""
    session.execute(_KEEP, {"account_id": account_id, "name": name.value, "value": dict(value), "now": clock.now()})
