"""A request of several models is known as long as it runs, to whoever asked it."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.domain.errors import NotFound
from app.domain.legs.stops import Stop
from app.flows.talk.running import RunningPanels


def a_panel(request_id: str, user: str) -> Any:
    asked = SimpleNamespace(id=request_id)
    return SimpleNamespace(held=SimpleNamespace(asked=asked), call=SimpleNamespace(user=user), members=["a", "b"])


def test_only_who_asked_ends_a_leg_and_only_while_it_runs() -> None:
    known, stopped = RunningPanels(), list[Any]()

    def stop(member: Any) -> bool:
        stopped.append(member)
        return True

    speaking = cast(Any, SimpleNamespace(stop=stop))
    with known.running(speaking, a_panel("req_1", "ada")), known.running(speaking, a_panel("req_2", "eve")):
        assert known.stop(speaking, Stop("ada", "req_1", 1)) and stopped == ["b"]
        for account, request_id, leg in (("eve", "req_1", 0), ("ada", "req_1", 2), ("ada", "req_3", 0)):
            with pytest.raises(NotFound):
                known.stop(speaking, Stop(account, request_id, leg))
    with pytest.raises(NotFound):
        known.stop(speaking, Stop("ada", "req_1", 0))
    assert stopped == ["b"]
