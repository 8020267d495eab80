"""An operator's wish for a run is logged, and taken once."""

import pytest

from app import db
from app.domain import clock
from app.domain.errors import NotFound
from app.domain.leases import job_runs
from app.domain.operators.operators import find_operator, read_changes
from app.flows.upkeep.wishes import ask_run, take
from tests.support.managing import OPERATOR, person

pytestmark = pytest.mark.plain_sql


async def test_a_wish_is_logged_and_taken_once(database: str) -> None:
    operator = find_operator(person(OPERATOR), frozenset({OPERATOR}))
    assert await take() == ()
    with pytest.raises(NotFound):
        await ask_run(operator, "audit")
    with db.transaction() as session:
        job_runs.note(session, "audit", 900, clock.now(), None)
    await ask_run(operator, "audit")
    assert list(await take()) == ["audit"] and list(await take()) == []
    with db.transaction(writes=False) as session:
        assert [(one.about, one.what) for one in read_changes(session, 9)] == [("Job audit", {"run": "now"})]
