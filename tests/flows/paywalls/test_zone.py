"""A manager chooses the zone of a paywall's numbers, once a day, and the change log says so."""

import pytest

from app import db
from app.domain.errors import BadField, LimitReached, NotAllowed
from app.domain.paywalls.changes import Section, read_changes
from app.domain.rollups.reading import read_numbers
from app.domain.rollups.zones import date_of, day_of
from app.flows.paywalls.change import change
from app.flows.paywalls.profile import zone
from app.flows.upkeep import rollups
from tests.support.managing import OPERATOR, manager, owner_of, person
from tests.support.rolled import START, App, hands


@pytest.mark.unhurried
async def test_an_owner_chooses_a_zone_and_numbers_are_those_of_its_days(database: str) -> None:
    with hands():
        app = App()
        app.fund()
        app.chat()
        await rollups.count()
        owner = owner_of(app.id)
        assert (await change(owner, zone(), "Asia/Kathmandu")).outcome
        assert not (await change(owner, zone(), "Asia/Kathmandu")).outcome
        with pytest.raises(LimitReached):
            await change(owner, zone(), "UTC")
        with pytest.raises(BadField):
            await change(owner, zone(), "Atlantis")
        await rollups.build()
        app.assert_adds_up()
        today = date_of(day_of("Asia/Kathmandu", START))
        with db.transaction(writes=False) as session:
            logged = read_changes(session, app.id, 9)
            assert read_numbers(session, [app.id], today, today)[app.id].zone == "Asia/Kathmandu"
        assert [(one.section, one.what) for one in logged] == [(Section.ZONE, {"zone": "Asia/Kathmandu"})]


async def test_who_only_runs_the_instance_may_not(database: str) -> None:
    app = App()
    owner_of(app.id)
    with pytest.raises(NotAllowed):
        await change(manager(app.id, person(OPERATOR)), zone(), "UTC")
