"""A request is as many parts as it asked models, which come to it; what runs, or asked one, is one part."""

from sqlalchemy import select

from app import db
from app.domain.analytics.uses import count_of, with_parts
from app.domain.legs.legs import Source
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import TABLE
from tests.support.rolled import LISTED, OWN, App
from tests.support.rolled_legs import begin, give_back, settle


def test_parts_are_the_models_that_were_asked_and_come_to_what_was_charged(database: str) -> None:
    app = App()
    app.fund()
    one = app.chat()
    app.charge("ada", 5)
    several = settle(app, begin(app, [Tokens(10, 20), Tokens(3, 4), None], [Source.PLATFORM, Source.OWN]))
    running = begin(app, [Tokens(1, 1), Tokens(1, 1)])
    refund_id = give_back(app, several, 7)
    requests = select(TABLE).subquery()
    with db.transaction(writes=False) as session:
        found: dict[str, list[tuple[object, ...]]] = {}
        for row in session.execute(with_parts(requests, requests.c.id)):
            found.setdefault(row[0], []).append(tuple(row[1:]))
        parts = with_parts(requests, requests.c.id, requests.c.kind).subquery()
        assert session.scalar(select(count_of(parts))) == 4, "what was given back is no request"
    manual = next(iter(set(found) - {one.asked.id, several.asked.id, running.asked.id, refund_id}))
    assert found[one.asked.id] == [(LISTED, "platform", 1_500, one.charge)] and found[manual] == [
        ("", "platform", 0, 5)
    ]
    assert sorted(found[several.asked.id]) == [(LISTED, "platform", 30, several.charge), (OWN, "byok", 7, 0)]
    assert found[running.asked.id] == [("Compare", "platform", 0, 0)]
    assert found[refund_id] == [(LISTED, "platform", 0, -7)]
