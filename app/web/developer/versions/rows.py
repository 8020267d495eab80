"""What the page of versions shows: versions, what differs between two, and the change log, in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.db import Session
from app.domain import clock
from app.domain.paywalls.changes import ChangeView, Section, read_changes
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Manager
from app.domain.paywalls.versions import list_versions
from app.domain.pricing.comparing import compare
from app.web.developer.frame.differences import DifferenceRow, to_row
from app.web.developer.frame.who import name_of
from app.web.developer.publishing.rows import listed, words_of
from app.web.frame.format import ago

_TITLES = {Section.VERSION: "The whole paywall", Section.ZONE: "Time zone", Section.OVERRIDES: "Own limits"}
VERSIONS_A_PAGE, DIFFERENCES_MAX, CHANGES_MAX = 20, 100, 50


@dataclass(frozen=True)
class VersionRow:
    """A version that was published."""

    number: int = 0
    title: str = ""
    by: str = ""
    at: str = ""
    exact: str = ""
    is_current: bool = False
    compare_url: str = ""


@dataclass(frozen=True)
class ChangeRow:
    """A line of the change log."""

    id: str = ""
    title: str = ""
    detail: str = ""
    at: str = ""
    exact: str = ""


@dataclass(frozen=True)
class VersionsPage:
    """Versions from the newest on; what differs between `before` and `after`, which are 0 where nobody asked."""

    versions: list[VersionRow] = field(default_factory=list)
    older_url: str = ""
    before: int = 0
    after: int = 0
    differences: list[DifferenceRow] = field(default_factory=list)
    more: str = ""
    may_go_back: bool = False
    changes: list[ChangeRow] = field(default_factory=list)


def read_versions_page(session: Session, manager: Manager, asked: int, below: int) -> VersionsPage:
    """Reads the versions below a number (0: the newest), and what differs between one (0: none) and what counts now."""
    newest = read_current(session, manager.paywall_id)[0].version
    found = list_versions(session, manager, below or None, VERSIONS_A_PAGE + 1)
    shown = found[:VERSIONS_A_PAGE]
    base = f"/paywalls/{manager.paywall_id}/versions/"
    rows = [
        VersionRow(
            number=one.number,
            title=f"Version {one.number}",
            by=name_of(session, one.made_by),
            at=ago(one.created_at),
            exact=_exact(one.created_at),
            is_current=one.number == newest,
            compare_url=f"{base}?with={one.number}",
        )
        for one in shown
    ]
    is_asked = 0 < asked < newest
    differences = compare(session, manager, asked, newest) if is_asked else []
    more = len(differences) - DIFFERENCES_MAX
    return VersionsPage(
        versions=rows,
        older_url=f"{base}?below={shown[-1].number}" if len(found) > len(shown) else "",
        before=asked if is_asked else 0,
        after=newest if is_asked else 0,
        differences=[to_row(one.section, one.name, one.after, one.before) for one in differences[:DIFFERENCES_MAX]],
        more=f"and {more:,} more" if more > 0 else "",
        may_go_back=is_asked,
        changes=[_change(session, one) for one in read_changes(session, manager.paywall_id, CHANGES_MAX)],
    )


def _change(session: Session, one: ChangeView) -> ChangeRow:
    who, what = name_of(session, one.made_by), {name: _named(session, value) for name, value in one.what.items()}
    return ChangeRow(
        id=one.id,
        title=f"{_TITLES.get(one.section, one.section.value.capitalize())} · {who}",
        detail=f"{written(what)} · version {one.version}",
        at=ago(one.created_at),
        exact=_exact(one.created_at),
    )


def _named(session: Session, value: Any) -> Any:
    """Returns an account by its name, and everything else as it is."""
    return name_of(session, value) if isinstance(value, str) and value.startswith("acc_") else value


def written(what: Mapping[str, Any]) -> str:
    """Writes what was noted of a change: `the app's name and the price of gpt-4o`, `from nobody to ada`."""
    if what.get("changed"):
        return listed(list(dict.fromkeys(words_of(what))))
    if set(what) == {"from", "to"}:
        return f"from {what['from'] or 'nobody'} to {what['to'] or 'nobody'}"
    return "; ".join(f"{name.replace('_', ' ')} {_said(value)}" for name, value in what.items()) or "nothing noted"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_said, value[:5])) + (f" and {len(value) - 5} more" if len(value) > 5 else "")
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(inner)}" for name, inner in value.items())
    return "none" if value is None else str(value)


def _exact(at: int) -> str:
    return clock.to_datetime(at).strftime("%-d %b %Y, %H:%M UTC")
