"""Reads what a paywall came to, for its page of analytics; of requests nothing."""

from collections.abc import Mapping
from dataclasses import replace

from app.db import Session
from app.domain.analytics.comparing import compare
from app.domain.analytics.groups import Asked, By, Groups, read_groups
from app.domain.analytics.kept import KEPT
from app.domain.analytics.steps import Steps, read_steps
from app.domain.paywalls.keys import name_keys
from app.domain.rollups.reading import read_began, read_days, read_numbers, today
from app.web.developer.analytics.rows import ROWS_A_PAGE, AnalyticsPage, Found, Place, to_page
from app.web.developer.analytics.wanted import Wanted, range_of

GROUPS = (By.MODEL, By.USER, By.KEY, By.SOURCE)
_NAMES = {
    By.MODEL: {"": "Charged without a model"},
    By.SOURCE: {"platform": "The wallet is charged", "byok": "The user's own key"},
}


def read_analytics(session: Session, paywall_id: str, wanted: Wanted, base_url: str) -> AnalyticsPage:
    """Reads what a paywall came to in the days that are asked for."""
    first, last = range_of(wanted, today(session, paywall_id))
    asked = Asked((paywall_id,), first, last, wanted.group, wanted.and_group)
    counted = KEPT.read(session, asked, wanted.offset, lambda: _read_counted(session, paywall_id, asked, wanted.offset))
    found = replace(counted, steps=read_steps(session, [paywall_id], first, last))
    place = Place(
        base_url,
        path=f"/paywalls/{paywall_id}/analytics/",
        file=f"/manage/paywalls/{paywall_id}/analytics.csv",
        names=names_of(session, asked, found.parts),
    )
    return to_page(found, wanted, place)


def _read_counted(session: Session, paywall_id: str, asked: Asked, offset: int) -> Found:
    """Reads all that changes by counting alone; how far users came is not of it."""
    first, last = asked.first, asked.last
    numbers = read_numbers(session, [paywall_id], first, last)[paywall_id]
    return Found(
        unit=numbers.unit,
        zone=numbers.zone,
        counted_at=numbers.counted_at,
        sums=numbers.sums,
        users=numbers.users,
        days=read_days(session, paywall_id, first, last),
        began=read_began(session, [paywall_id]),
        compared=compare(session, [paywall_id], first, last),
        steps=Steps(),
        parts=read_groups(session, asked, offset, ROWS_A_PAGE),
    )


def names_of(session: Session, asked: Asked, parts: Groups) -> Mapping[By, Mapping[str, str]]:
    """Returns what parts are called whose names alone say nothing to anybody, by what they are."""
    if By.KEY not in asked.things:
        return _NAMES
    keys = {one.name if asked.things[0] is By.KEY else one.also for one in parts.rows}
    return {**_NAMES, By.KEY: {"": "Without a key", **name_keys(session, sorted(keys))}}
