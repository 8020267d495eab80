"""A few days of an app, and what they come to by one or two things, worked out from what was asked."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

from app.domain.analytics.groups import By
from app.domain.paywalls.modes import Mode
from app.domain.rollups.sums import NOTHING, Sums, plus
from app.domain.rollups.zones import date_of, day_of
from tests.support.rolled import LISTED, OWN, START, App, Chat, Hands, count_all

FIRST = date_of(day_of("UTC", START))
LAST = FIRST + timedelta(2)
NAMES: dict[By, Callable[[App, str, tuple[str, str, str]], str]] = {
    By.DAY: lambda _app, _user, _by: "", By.MODEL: lambda _app, _user, by: by[0],
    By.KEY: lambda _app, _user, by: by[1], By.SOURCE: lambda _app, _user, by: by[2],
    By.USER: lambda _app, user, _by: user, By.PAYWALL: lambda app, _user, _by: app.id,
}  # fmt: skip


def some_days(at: Hands, mode: Mode = Mode.DEFAULT) -> App:
    """Three days of two models, two users, two keys, a charge by hand and, where it may be, a refund."""
    app = App(mode)
    for user in ("ada", "bob"):
        app.fund(user)
    told = app.chat(model=LISTED)
    app.chat(user="bob", model=OWN, key_id="key_2")
    at.go_on(86_400)
    app.chat(user="bob", model=OWN)
    app.charge("ada", 123_456_789)
    at.go_on(86_400)
    app.chat(model=OWN, reported_nanos=1_000_000)
    app.let_go(Chat("bob"))
    if mode is Mode.DEFAULT:
        app.give_back(told, told.charge // 2)
    count_all()
    return app


Key = tuple[date | None, str, str]
PAIRS = [(by, and_by) for by in By for and_by in (None, *By) if by is not and_by]


def expected(app: App, by: By, and_by: By | None = None) -> dict[Key, Sums]:
    found: dict[Key, Sums] = defaultdict(lambda: NOTHING)
    things = [one for one in (by, and_by) if one not in (None, By.DAY)]
    for at, user, named, sums in app.expected:
        day = date_of(day_of("UTC", at)) if By.DAY in (by, and_by) else None
        names = [NAMES[one](app, str(user), named) for one in things] + ["", ""]
        found[day, names[0], names[1]] = plus(found[day, names[0], names[1]], sums)
    return dict(found)
