"""Fan-out: each event becomes a delivery for whoever asked for it, once, by one process at a time."""

import pytest

from app import db
from app.domain.events import outbox
from app.flows.events import delivery
from app.flows.events.delivery import fan_out
from tests.support.books import make_snapshot
from tests.support.webhooks import happen, log_of, subscribe


@pytest.mark.usefixtures("database")
async def test_a_fan_out_that_is_repeated_adds_nothing() -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, "https://app.example/hooks")
    events = happen(snapshot, 2)
    assert happen(snapshot, 2) and await fan_out("here") == 2
    with db.transaction() as session:
        session.execute(outbox._EVENTS.update().values(fanned_out_at=None))
    assert await fan_out("here") == 2 and len(log_of(snapshot)) == len(events)


@pytest.mark.usefixtures("database")
async def test_one_process_fans_out_until_its_lease_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, "https://app.example/hooks")
    happen(snapshot, 2, source="a")
    assert (await fan_out("here"), await fan_out("there")) == (2, 0)
    happen(snapshot, 1, source="b")
    assert await fan_out("there") == 0
    monkeypatch.setattr(delivery, "FAN_OUT_LEASE_SECONDS", -1)
    assert await fan_out("here") == 1, "and its lease has ended with it"
    happen(snapshot, 1, source="c")
    assert await fan_out("there") == 1
