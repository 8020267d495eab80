"""Who is let in, who has to go first, and what is thrown away, without sockets."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from app.api.wire.connections import TAKEN_BYTES_MIN, ConnectionLimits, Crowd
from tests.support.waiting import until

LIMITS = ConnectionLimits(connections_max=4, waiting_max=3, head_seconds=0.1, idle_seconds=0.1, silence_seconds=0.2)


@dataclass(eq=False)
class Transport:
    """A transport that only counts."""

    left: int = 0
    is_aborted: bool = False

    def get_write_buffer_size(self) -> int:
        return self.left

    def get_extra_info(self, _name: str) -> Any:
        return self

    def fileno(self) -> int:
        return 9_999_999

    def setsockopt(self, *_option: object) -> None:
        pass

    def abort(self) -> None:
        self.is_aborted = True


@dataclass(eq=False)
class Client:
    """A connection without a network."""

    crowd: Crowd
    sent: Transport = field(default_factory=Transport)
    has_begun: bool = False
    is_late: bool = False

    @property
    def transport(self) -> asyncio.Transport:
        return cast(asyncio.Transport, self.sent)

    @transport.setter
    def transport(self, _other: asyncio.Transport) -> None:
        raise AssertionError

    def close_late(self) -> None:
        self.is_late = True
        self.crowd.leave(self)


def come(crowd: Crowd, count: int) -> list[Client]:
    clients = [Client(crowd) for _ in range(count)]
    for number, client in enumerate(clients):
        assert crowd.enter(client, clients[: number + 1])
    return clients


async def test_the_oldest_without_a_request_goes_first() -> None:
    crowd = Crowd(LIMITS)
    clients = come(crowd, 3)
    crowd.answer(clients[0])
    crowd.wait(clients[0])
    come(crowd, 1)
    assert [client.sent.is_aborted for client in clients] == [False, True, False]
    assert crowd.is_waiting(clients[0])


async def test_whoever_has_a_request_stays_and_a_new_one_goes() -> None:
    crowd = Crowd(LIMITS)
    clients = come(crowd, 4)
    for client in clients:
        crowd.answer(client)
    assert not crowd.enter(Client(crowd), range(5))
    crowd.wait(clients[2])
    assert crowd.enter(Client(crowd), range(5)) and clients[2].sent.is_aborted


async def test_who_waits_for_its_end_goes_before_who_may_still_ask() -> None:
    crowd = Crowd(LIMITS)
    clients = come(crowd, 3)
    crowd.end(clients[2])
    come(crowd, 1)
    assert [client.sent.is_aborted for client in clients] == [False, False, True]


@pytest.mark.parametrize("has_begun", [False, True])
async def test_a_connection_is_late_by_the_limit_of_what_it_waits_for(has_begun: bool) -> None:
    crowd = Crowd(replace(LIMITS, head_seconds=0.1 if has_begun else 30, idle_seconds=30 if has_begun else 0.1))
    (client,) = come(crowd, 1)
    crowd.wait(client)
    if has_begun:
        crowd.begin(client)
        crowd.begin(client)
    await until(lambda: client.is_late)


@pytest.mark.unhurried
async def test_who_takes_nothing_is_thrown_away_and_who_takes_enough_is_not() -> None:
    crowd = Crowd(replace(LIMITS, connections_max=9, waiting_max=9, silence_seconds=1))
    reading, stuck, ending, reading_its_end, at_last = clients = come(crowd, 5)
    for client in clients:
        crowd.answer(client)
        client.sent.left = 100 * TAKEN_BYTES_MIN
        crowd.stall(client)
    for client in (ending, reading_its_end):
        crowd.end(client)
    crowd.take(ending)
    for _ in range(8):
        await asyncio.sleep(0.25)
        for client in (reading, reading_its_end):
            client.sent.left -= TAKEN_BYTES_MIN
        stuck.sent.left -= 1
        at_last.sent.left -= 1
        if at_last.sent.left == 100 * TAKEN_BYTES_MIN - 3:
            crowd.take(at_last)
    assert [client.sent.is_aborted for client in clients] == [False, True, True, False, False]
