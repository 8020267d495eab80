"""What the analytics of an account show: its paywalls of one unit and environment, added up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.db import Session
from app.domain.analytics.comparing import compare
from app.domain.analytics.groups import Asked, By, read_groups
from app.domain.analytics.kept import KEPT
from app.domain.analytics.steps import Steps, read_steps
from app.domain.analytics.together import last_day, read_together
from app.domain.money import Unit
from app.domain.paywalls.names import TOGETHER_MAX, NamedPaywall, by_kind, list_owned
from app.domain.people.sessions import Person
from app.domain.rollups.reading import read_began
from app.web.developer.analytics.reading import names_of
from app.web.developer.analytics.rows import ROWS_A_PAGE, AnalyticsPage, Found, Place, TabRow, to_page
from app.web.developer.analytics.wanted import Wanted, range_of
from app.web.frame import routes
from app.web.frame.routes import with_query

GROUPS = (By.PAYWALL, By.MODEL, By.USER, By.KEY, By.SOURCE)
FILE = "/manage/analytics.csv"


@dataclass(frozen=True)
class Asking:
    """Who looks, who the operators are, and where our pages are."""

    person: Person
    operators: frozenset[str]
    base_url: str


def read_account_analytics(session: Session, asking: Asking, wanted: Wanted) -> AnalyticsPage:
    """Reads what somebody's newest paywalls came to in the days that are asked for; of requests nothing."""
    kinds = by_kind(list_owned(session, asking.person, asking.operators, TOGETHER_MAX))
    if not kinds:
        return AnalyticsPage()
    of = wanted.of if wanted.of in kinds else next(iter(kinds))
    ids = tuple(one.paywall.id for one in kinds[of])
    first, last = range_of(wanted, last_day(session, ids))
    asked, unit = Asked(ids, first, last, wanted.group, wanted.and_group), kinds[of][0].paywall.unit
    counted = KEPT.read(session, asked, wanted.offset, lambda: _read_counted(session, asked, wanted.offset, unit))
    found = replace(counted, steps=read_steps(session, ids, first, last))
    place = Place(
        asking.base_url, f"{routes.ACCOUNT_ANALYTICS}/", FILE, of,
        names=names_of(session, asked, found.parts), apps={one.paywall.id: one.app_name for one in kinds[of]},
    )  # fmt: skip
    return replace(to_page(found, wanted, place), tabs=[*_tabs(kinds, of, wanted)], watched=[*ids])


def _read_counted(session: Session, asked: Asked, offset: int, unit: Unit) -> Found:
    ids, first, last = asked.paywalls, asked.first, asked.last
    together = read_together(session, ids, first, last)
    return Found(
        unit=unit,
        zone=", ".join(together.zones),
        counted_at=together.counted_at,
        sums=together.sums,
        users=together.users,
        days=together.days,
        began=read_began(session, ids),
        compared=compare(session, ids, first, last),
        steps=Steps(),
        parts=read_groups(session, asked, offset, ROWS_A_PAGE),
    )


def _tabs(kinds: Mapping[str, list[NamedPaywall]], of: str, wanted: Wanted) -> Sequence[TabRow]:
    chosen = {**wanted.kept_range, **wanted.chosen}
    return [
        TabRow(f"{paywalls[0].paywall.environment.value.capitalize()}, {paywalls[0].paywall.unit.value}",
               with_query("", of=kind, **chosen), is_here=kind == of)
        for kind, paywalls in kinds.items()
    ]  # fmt: skip
