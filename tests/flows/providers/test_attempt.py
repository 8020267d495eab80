"""One model asked once: what its breaker hears of that, whoever asks."""

import asyncio
from collections.abc import Iterator

import pytest

from app.domain.errors import ProviderFailed
from app.domain.paywalls.provider import ProviderSetting
from app.domain.routing.breaker import BreakerName
from app.domain.routing.outcomes import OverTime
from app.flows.providers.attempt import Attempts, follow
from app.flows.providers.breakers import Breakers, name_of
from tests.support.meshing import MovedClock, moving

A, B = BreakerName("own", "a", "pw_1/own"), BreakerName("own", "b", "pw_1/own")
OURS = ProviderSetting("built-in")


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Iterator[MovedClock]:
    with moving(monkeypatch) as made:
        yield made


def meet(attempts: Attempts, name: BreakerName, error: BaseException | None, *, is_own_key: bool = False) -> None:
    attempt = attempts.admit(name, is_own_key=is_own_key)
    assert attempt is not None
    try:
        with attempt:
            if error is not None:
                raise error
            attempt.has_begun(attempt.milliseconds)
    except (ProviderFailed, asyncio.CancelledError):
        return


def failures(breakers: Breakers) -> dict[str, int]:
    return {one.name.model: one.breaker.failures for one in breakers.listed()}


def test_of_one_request_the_first_failure_counts_and_what_is_not_the_providers_never_does() -> None:
    breakers = Breakers()
    of_one = Attempts(breakers)
    for error in (ProviderFailed("What is this?", 400), asyncio.CancelledError(), ProviderFailed("No.", 500)):
        meet(of_one, A, error)
    meet(of_one, B, ProviderFailed("No.", 500))
    assert failures(breakers) == {"a": 1}
    meet(Attempts(breakers), A, None)
    assert (failures(breakers), breakers.milliseconds(A)) == ({}, None)


def test_who_asks_for_more_than_can_be_whole_in_time_keeps_nobody_from_the_model() -> None:
    breakers = Breakers()
    for _ in range(9):
        with pytest.raises(OverTime), follow(breakers, OURS, "a"):
            raise OverTime("It took longer.", timed_out=True)
    assert failures(breakers) == {} and Attempts(breakers).admit(name_of("", OURS, "a")) is not None


def test_what_comes_behind_the_first_word_says_nothing() -> None:
    breakers = Breakers()
    attempt = Attempts(breakers).admit(A)
    assert attempt is not None
    with pytest.raises(ProviderFailed), attempt:
        attempt.has_begun(5)
        raise ProviderFailed("It broke off.")
    assert failures(breakers) == {}


def test_an_own_key_that_is_refused_counts_nowhere() -> None:
    breakers = Breakers()
    for _ in range(10):
        meet(Attempts(breakers), A, ProviderFailed("Who?", 401), is_own_key=True)
    assert failures(breakers) == {}
    meet(Attempts(breakers), A, ProviderFailed("Who?", 401))
    assert failures(breakers) == {"a": 1}


def test_a_chat_that_has_nowhere_else_to_go_only_says_how_it_fared(moved: MovedClock) -> None:
    breakers, name = Breakers(), name_of("", OURS, "a")
    for _ in range(4):  # the fourth is sent although it is open
        with pytest.raises(ProviderFailed), follow(breakers, OURS, "a"):
            raise ProviderFailed("It fell over.", 500)
    assert Attempts(breakers).admit(name) is None
    early = follow(breakers, OURS, "a")
    moved.move(30)
    probe = Attempts(breakers).admit(name)
    for chat in (early, follow(breakers, OURS, "a")):
        with chat:
            chat.has_begun()
        assert Attempts(breakers).admit(name) is None, "a probe alone closes it"
    assert probe is not None
    with probe:
        probe.has_begun(7)
    assert Attempts(breakers).admit(name) is not None
