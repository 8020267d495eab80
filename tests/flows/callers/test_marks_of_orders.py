"""An open order is read again when it was chosen who pays, and at each request of it, though it moves no balance."""

import pytest

from app import db
from app.domain.ids import new_id
from app.domain.legs.legs import Source
from app.domain.paywalls.modes import Mode
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Labels, Metered
from app.flows.callers.marks import About, Marks, Subject, read_marks
from app.flows.chat.call import Run
from app.flows.orders.choose import choose
from tests.support.books import make_snapshot, running_queue
from tests.support.crowd import connect, sign_in
from tests.support.handed import mint_order, open_order
from tests.support.ordered import order_of
from tests.support.own_keys import Apart, allow, own_flows, save_key
from tests.support.plans import plan_of, watched
from tests.support.scripted import Scripted, request


def marks_of(*subjects: Subject) -> Marks:
    with db.transaction(writes=False) as session:
        return read_marks(session, subjects)


@pytest.mark.unhurried
async def test_an_order_changes_with_its_choice_and_with_what_a_key_of_ones_own_pays(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    save_key(ada, "demo-mini")
    allow(snapshot)
    book, other = (order_of(snapshot, "u1", name=name) for name in ("Book", "Letter"))
    order, beside = Subject(About.ORDER, book.id), Subject(About.ORDER, other.id)
    untouched, seen = marks_of(beside), [marks_of(order)]
    await choose(open_order(mint_order(snapshot.paywall_id, "u1", book.id)), ada, Source.OWN)
    seen.append(marks_of(order))
    async with running_queue() as queue:
        chat, _ = own_flows(queue, Apart(Scripted(), Scripted()))
        runs = [await chat.begin(snapshot, "u1", request(max_tokens=9), new_id("req"), None,
                                 labels=Labels(order=book.id)) for _ in range(2)]  # fmt: skip
        seen.append(marks_of(order))
        for run in runs:
            assert isinstance(run, Run)
            assert (await chat.settle(run, Metered(Tokens(10, 5)))).amount == 0
            seen.append(marks_of(order))
    assert len({str(found) for found in seen}) == len(seen) and marks_of(order) == seen[-1]
    assert untouched and marks_of(beside) == untouched
    with db.transaction(writes=False) as session, watched(session) as said:
        read_marks(session, [order])
        plans = " ".join(plan_of(session, *one) for one in list(said))
    assert not db.is_sqlite() or ("ix_request_order" in plans and "SCAN request" not in plans)
