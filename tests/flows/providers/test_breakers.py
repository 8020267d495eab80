"""The breakers of one process: by name, and what is said of them."""

from collections.abc import Iterator

import pytest

from app.domain import clock
from app.domain.clock import SECOND
from app.domain.credentials.matching import OwnKey
from app.domain.errors import ProviderFailed
from app.domain.paywalls.provider import AuthStyle, ProviderSetting
from app.domain.routing.breaker import OPERATORS, BreakerName, Failure, State
from app.flows.providers import breakers as module
from app.flows.providers.breakers import Breakers, counted_of, name_of

A, B = BreakerName("own", "a", "pw_1/own"), BreakerName("own", "b", "pw_1/own")
BROKEN = Failure("status_500")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 1_000 * SECOND

    def now(self) -> int:
        return self.at


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(clock, "now", made.now)
    yield made


def fail(breakers: Breakers, name: BreakerName, failure: Failure = BROKEN, *, is_first: bool = True) -> None:
    permit = breakers.admit(name)
    assert permit is not None
    breakers.failed(name, permit, failure, is_first=is_first)


def test_a_name_is_provider_model_and_credential() -> None:
    own, built_in = ProviderSetting("own", "https://x.example/v1"), ProviderSetting("built-in")
    assert name_of("pw_1", own, "a") == A
    assert name_of("pw_2", own, "a") != A
    key = OwnKey("cred_1", "acc_1", "mine", "https://api.openai.com/v1", AuthStyle.BEARER, "openai", frozenset())
    assert name_of("pw_1", own, "a", key) == BreakerName("openai", "a", "own/cred_1")
    assert name_of("pw_1", built_in, "a") == name_of("pw_2", built_in, "a") == BreakerName("built-in", "a", "operator")


def test_of_one_request_only_the_first_failure_counts_but_what_a_provider_says_is_obeyed(moved: Clock) -> None:
    breakers = Breakers()
    for _ in range(3):
        fail(breakers, A)
        fail(breakers, B, is_first=False)
    assert (breakers.admit(A), breakers.is_free(B)) == (None, True)
    fail(breakers, B, Failure("status_429", 7), is_first=False)
    assert breakers.admit(B) is None
    assert breakers.wait_seconds((A, B)) == 7
    moved.at += 7 * SECOND
    assert breakers.wait_seconds((A, B)) == 1
    probe = breakers.admit(B)
    assert probe is not None and breakers.wait_seconds((A, B)) == 5, "nobody knows how long a probe takes"
    breakers.failed(B, probe, BROKEN, is_first=False)
    assert breakers.admit(B) is None, "what a probe meets counts, whichever leg it is"


def test_a_request_that_is_refused_itself_answers_a_probe_and_says_nothing_else(moved: Clock) -> None:
    breakers = Breakers()
    for _ in range(1_000):
        permit = breakers.admit(A)
        assert permit is not None
        breakers.refused(A, permit)
    assert breakers.listed() == []
    for _ in range(3):
        fail(breakers, A)
    moved.at += 30 * SECOND
    probe = breakers.admit(A)
    assert probe is not None
    breakers.refused(A, probe)
    assert breakers.admit(A) is not None


def test_a_probe_whose_client_left_opens_again(moved: Clock) -> None:
    breakers = Breakers()
    for _ in range(100):
        permit = breakers.admit(A)
        assert permit is not None
        breakers.gave_up(A, permit)
    assert breakers.listed() == []
    for _ in range(3):
        fail(breakers, A)
    moved.at += 30 * SECOND
    probe = breakers.admit(A)
    assert probe is not None
    breakers.gave_up(A, probe)
    assert breakers.admit(A) is None and breakers.is_passed_by(A)


def test_what_a_provider_says_of_when_to_come_back_is_read_of_429_alone(moved: Clock) -> None:
    def told(status: int, said: str) -> int | None:
        found = counted_of(ProviderFailed("No.", status, retry_after=said))
        return None if found is None else found.stay_away_seconds

    assert [told(429, "7"), told(429, "3600"), told(429, ""), told(503, "7"), told(400, "7")] == [7, 60, 0, 0, None]
    assert counted_of(ProviderFailed("No.", 401)) == Failure("status_401")
    assert counted_of(ProviderFailed("No.", 401), is_own_key=True) is None


def test_what_is_open_is_listed_first_and_what_never_failed_not_at_all(moved: Clock) -> None:
    breakers = Breakers()
    assert breakers.admit(B) is not None
    assert breakers.listed() == []
    fail(breakers, B)
    for _ in range(3):
        fail(breakers, A)
    first, second = breakers.listed()
    assert (first.name, first.state, first.breaker.since, first.breaker.reason) == (A, State.OPEN, moved.at,
                                                                                   "status_500")  # fmt: skip
    assert (second.name, second.state, second.breaker.failures) == (B, State.CLOSED, 1)


def test_the_time_to_the_first_word_is_known_of_three_answers(moved: Clock) -> None:
    breakers = Breakers()
    for took in (100, 300, 200):
        permit = breakers.admit(A)
        assert permit is not None and breakers.milliseconds(A) is None
        breakers.succeeded(A, permit, took)
    assert (breakers.milliseconds(A), breakers.milliseconds(B)) == (200, None)


def test_no_more_names_are_kept_than_that(moved: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NAMES_MAX", 2)
    breakers = Breakers()
    for _ in range(3):
        fail(breakers, A)
    for model in ("c", "d", "e"):
        fail(breakers, BreakerName("own", model, ""))
    assert [one.name.model for one in breakers.listed()] == ["a", "e"], "one that is open is forgotten last"


def test_what_people_have_left_alone_forgets_nothing_of_the_operators(
    moved: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NAMES_MAX", 5)
    told = list[tuple[str, bool]]()
    breakers = Breakers(lambda name, breaker: told.append((name.model, breaker.open_until is not None)))
    ours = BreakerName("built-in", "big/one", OPERATORS)
    fail(breakers, ours, Failure("told", 60))
    for number in range(8):
        fail(breakers, BreakerName("mine", f"m{number}", "own/cred_1"), Failure("told", 60))
    assert breakers.is_passed_by(ours)
    assert [one.name.model for one in breakers.listed()] == ["big/one", "m4", "m5", "m6", "m7"]
    assert [name for name, is_open in told if not is_open] == ["m0", "m1", "m2", "m3"]
