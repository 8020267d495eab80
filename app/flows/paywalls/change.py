"""The one door to a paywall's settings: it locks, checks, replaces one section, publishes, logs and tells.

All of it is one transaction. Who decided on what is not the newest any more is told so, and nothing is saved.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from app import db
from app.domain.errors import OutdatedVersion
from app.domain.paywalls.changes import CATALOGUE, Section, note_change
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.versions import Edition, open_edition, read_version
from app.domain.people.accounts import read_account
from app.flows.events.tell import publish_and_tell

Values = TypeVar("Values")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Part(Generic[Values, Outcome]):
    """A section with what replaces it.

    `edit` puts new values into an edition and returns what the manager is shown of it, a new secret for example.
    Keys and limits of single users, for example, are no part of a version: `describe` says what the change log is told
    of them, nothing where nothing changed. `act` is what a manager must be allowed.
    """

    section: Section
    edit: Callable[[Edition, Values], Outcome]
    describe: Callable[[Values, Outcome], Mapping[str, Any]] | None = None
    act: Act = Act.SET_UP

    @property
    def is_versioned(self) -> bool:
        """Whether what it holds is published as part of a version."""
        return self.describe is None


@dataclass(frozen=True, slots=True)
class Changed(Generic[Outcome]):
    """What was changed: the version that counts now, and what came of it."""

    version: int
    outcome: Outcome


async def change(
    manager: Manager, section: Part[Values, Outcome], values: Values, read_version: int | None = None
) -> Changed[Outcome]:
    """Replaces a section, as its part says; values that stand there already make no version.

    `read_version` is the version that the manager looked at; what is no part of a version needs none. Raises
    OutdatedVersion if another one is the newest, NotAllowed, NotFound, BadField, Refused.
    """

    def write(session: Session) -> Changed[Outcome]:
        edition = open_edition(session, manager.paywall_id, manager.account_id)
        check_may(session, manager, section.act)
        if section.describe is None:
            _check_newest(edition, read_version)
            outcome = section.edit(edition, values)
            return Changed(publish_and_tell(edition, section.section), outcome)
        outcome, newest = section.edit(edition, values), edition.paywall.version
        if what := section.describe(values, outcome):
            note_change(session, manager.paywall_id, manager.account_id, section.section, newest, what)
        return Changed(newest, outcome)

    return await db.in_transaction(write, writes=True)


def _check_newest(edition: Edition, read: int | None) -> None:
    newest = edition.paywall.version
    if read == newest:
        return
    made_by = read_version(edition.session, edition.paywall.id, newest).made_by
    by = f" by {_name(edition.session, made_by)}" if made_by is not None else ""
    message = (
        f"Version {newest} was published{by}, and this was changed on version {read}. Nothing was saved: "
        "look at the newest version, and change that."
    )
    raise OutdatedVersion(message, newest, made_by)


def _name(session: Session, made_by: str) -> str:
    return "the catalogue" if made_by == CATALOGUE else read_account(session, made_by).name
