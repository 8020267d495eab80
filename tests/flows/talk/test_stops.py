"""What lands at another process is written down only by whoever's answer runs, and heard only while one runs here."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import update

from app import db, wiring
from app.domain.errors import NotFound
from app.domain.legs.stops import Stop, are_asked, ask
from app.domain.money import Unit
from app.domain.pricing.price_book import NewPrice
from app.domain.usage.requests import TABLE
from app.domain.usage.tables import RequestMode, RequestStatus
from app.domain.wallets.shared import shared_wallet_id
from app.flows.talk.running import RunningPanels
from app.flows.talk.stops import ask_stop, take_stops
from tests.support.crowd import SANDBOX
from tests.support.talking import talking
from tests.support.waiting import until

FREE = [NewPrice(name, 0, 0) for name in ("demo-free", "demo-mini")]


def a_panel(request_id: str, user: str) -> Any:
    asked = SimpleNamespace(id=request_id)
    return SimpleNamespace(held=SimpleNamespace(asked=asked), call=SimpleNamespace(user=user), members=["a", "b"])


@pytest.mark.unhurried
async def test_a_stop_is_kept_for_a_running_leg_of_the_wallets_own_request_alone(database: str) -> None:
    async with talking("ada@example.org", "eve@example.org", prices=FREE) as (ada, eve, _nobody):
        answer = await ada.ask("compare", models=["demo-free", "demo-mini"])
        request_id = answer.headers["x-request-id"]
        assert ada.person is not None and eve.person is not None
        ours, theirs = (shared_wallet_id(one.account_id, SANDBOX, Unit.CREDIT) for one in (ada.person, eve.person))
        stop = Stop(ada.person.account_id, request_id, 1)
        with pytest.raises(NotFound):
            await ask_stop(ours, stop)  # it has ended
        receipt = {"legs": [{"leg": 0}, {"leg": 1}]}
        for mode in (RequestMode.COMPARE, RequestMode.MESH, None):
            running = update(TABLE).where(TABLE.c.id == request_id)
            with db.transaction() as session:
                session.execute(running.values(status=RequestStatus.RUNNING, mode=mode, receipt=receipt))
            is_several = mode is RequestMode.COMPARE
            for wallet, leg in ((theirs, 1), (ours, 2), (ours, -1), *([] if is_several else [(ours, 1)])):
                with pytest.raises(NotFound):
                    await ask_stop(wallet, Stop(stop.account_id, request_id, leg))
            if is_several:
                await ask_stop(ours, stop)
                assert await take_stops([request_id]) == [stop]
        assert await take_stops([request_id]) == ()


async def test_a_stop_that_landed_elsewhere_is_heard_where_the_answer_runs_and_nobody_listens_for_nothing(
    database: str,
) -> None:
    known, stopped = RunningPanels(), list[Any]()
    speaking = cast(Any, SimpleNamespace(stop=stopped.append))
    before = asyncio.all_tasks()
    with known.running(speaking, a_panel("req_1", "ada")):
        with known.running(speaking, a_panel("req_2", "ada")):
            assert len(asyncio.all_tasks() - before) == (0 if db.is_sqlite() else 1)
        if not db.is_sqlite():
            with db.transaction() as session:
                for stop in (
                    Stop("eve", "req_1", 0),
                    Stop("ada", "req_1", 7),
                    Stop("ada", "req_1", 1),
                    Stop("ada", "req_3", 0),
                ):
                    ask(session, stop)
            await until(lambda: bool(stopped))
            assert stopped == ["b"]
            with db.transaction(writes=False) as session:
                assert not are_asked(session, ["req_1"]) and are_asked(session, ["req_3"])
    await asyncio.sleep(0)
    assert not asyncio.all_tasks() - before
    wiring.replace(None)
