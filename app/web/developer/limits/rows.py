"""What the page of limits shows: the fields of each scope, where users are named, and who has limits of their own."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from app.db import Session
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.keys import name_keys, read_endings
from app.domain.paywalls.limit_overrides import read_overrides
from app.domain.paywalls.limits import Limits, Scope
from app.domain.paywalls.members import Manager
from app.web.developer.limits import fields
from app.web.developer.prices.words import unit_words

ROWS_A_PAGE = 50


@dataclass(frozen=True)
class OverrideRow:
    """A user or a key with limits of its own, which stand in the place of everybody's."""

    id: str = ""
    scope: str = ""
    subject: str = ""
    name: str = ""
    said: str = ""


@dataclass(frozen=True)
class KeyChoice:
    """A key that may have limits of its own."""

    id: str = ""
    name: str = ""


@dataclass(frozen=True)
class DifferenceRow:
    """One limit that publishing changes."""

    title: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class LimitsPage:
    """Everything on the page but what is typed."""

    unit: str = ""
    differences: list[DifferenceRow] = field(default_factory=list)
    overrides: list[OverrideRow] = field(default_factory=list)
    count: int = 0
    where: str = ""
    previous: str = ""
    next: str = ""
    own_keys: list[KeyChoice] = field(default_factory=list)


@dataclass(frozen=True)
class Form:
    """What everybody's limits are: the fields of those that are on, by name, and which place names users."""

    typed: dict[str, str] = field(default_factory=dict)
    user_from: str = ""


def read_form(session: Session, paywall_id: str) -> Form:
    """Returns everybody's limits as the form shows them."""
    configuration = read_current(session, paywall_id)[1]
    return Form(fields.all_typed(configuration.limits), configuration.user_from.value)


def read_page(session: Session, manager: Manager, draft: tuple[Form, ...], words: str, page: int) -> LimitsPage:
    """Returns the page; `draft` is the form as it was read and as it was typed, empty without one."""
    paywall, _ = read_current(session, manager.paywall_id)
    unit, newest = unit_words(paywall.unit), read_form(session, paywall.id)
    working = read_endings(session, paywall.id)
    names = name_keys(session, working)
    found = _overrides(session, paywall.id, working, words, unit)
    pages = max(-(-len(found) // ROWS_A_PAGE), 1)
    page = min(max(page, 1), pages)
    first = (page - 1) * ROWS_A_PAGE
    shown = found[first : first + ROWS_A_PAGE]
    return LimitsPage(
        unit=unit,
        differences=_differences(newest, planned(draft, newest), unit) if draft else [],
        overrides=shown,
        count=len(found),
        where=f"{first + 1:,}–{first + len(shown):,} of {len(found):,}" if found else "",
        previous=_href(words, page - 1) if page > 1 else "",
        next=_href(words, page + 1) if page < pages else "",
        own_keys=[KeyChoice(key_id, names[key_id]) for key_id in working],
    )


def planned(draft: tuple[Form, ...], newest: Form) -> Form:
    """Returns what a draft comes to on the newest version: what was changed of what was read, and all else as it is."""
    read, typed = draft
    chosen = newest.user_from if read.user_from == typed.user_from else typed.user_from
    return Form(fields.merged(read.typed, typed.typed, newest.typed), chosen)


def read_override(session: Session, paywall_id: str, scope: str, subject: str) -> Mapping[str, str]:
    """Returns what stands in the fields of a user's or key's own limits; everybody's where it has none."""
    found, published = read_overrides(session, paywall_id), read_current(session, paywall_id)[1].limits
    own = (found.users if scope == Scope.USER else found.keys).get(subject)
    return fields.typed_of(own or getattr(published, Scope(scope).value))


def _differences(newest: Form, wanted: Form, unit: str) -> list[DifferenceRow]:
    found = [DifferenceRow(*each) for each in fields.differences(newest.typed, wanted.typed, unit)]
    if newest.user_from != wanted.user_from:
        before, after = (fields.PLACES[place][0] for place in fields.PLACES
                         if place.value in (newest.user_from, wanted.user_from))  # fmt: skip
        if newest.user_from != next(place.value for place, (name, _) in fields.PLACES.items() if name == before):
            before, after = after, before
        found.append(DifferenceRow("Where users are named", before.lower(), after.lower()))
    return found


def _overrides(session: Session, paywall_id: str, working: Collection[str], words: str, unit: str) -> list[OverrideRow]:
    found = read_overrides(session, paywall_id)
    names = name_keys(session, found.keys)
    rows = [_row(Scope.USER, user, user, limits, unit) for user, limits in found.users.items()]
    for key_id, limits in found.keys.items():
        name = names[key_id] + ("" if key_id in working else ", revoked")
        rows.append(_row(Scope.KEY, key_id, name, limits, unit))
    wanted = words.lower()
    return sorted((row for row in rows if wanted in row.name.lower()), key=lambda row: (row.scope, row.name.lower()))


def _row(scope: Scope, subject: str, name: str, limits: Limits, unit: str) -> OverrideRow:
    return OverrideRow(f"{scope}:{subject}", scope.value, subject, name, fields.said_of(limits, unit))


def _href(words: str, page: int) -> str:
    asked = {"q": words, "page": str(page) if page > 1 else ""}
    return "?" + urlencode({name: value for name, value in asked.items() if value})
