"""Breakers: their rules one by one, and 2,000 histories against a model that remembers everything."""

import random
from dataclasses import dataclass, field

from app.domain.clock import SECOND
from app.domain.routing.breaker import CLOSED, Breaker, Failure, Permit, State, admit, fail, give_up, succeed

BROKEN = Failure("status_500")


def failed(breaker: Breaker, at: int, failure: Failure = BROKEN) -> Breaker:
    """Returns a breaker behind a request that was let through and failed at once."""
    after, permit = admit(breaker, at)
    assert permit is not None
    return fail(after, permit, failure, at)


def opened(at: int = 0) -> Breaker:
    breaker = CLOSED
    for _ in range(3):
        breaker = failed(breaker, at)
    return breaker


def test_the_third_failure_in_a_row_opens_for_thirty_seconds() -> None:
    twice = failed(failed(CLOSED, 0), 0)
    assert twice.state(0) is State.CLOSED
    again = succeed(twice, Permit(0))
    assert failed(failed(again, 0), 0).state(0) is State.CLOSED, "an answer begins the row anew"
    open_ = failed(twice, 5)
    assert (open_.open_until, open_.since, open_.reason) == (5 + 30 * SECOND, 5, "status_500")
    assert admit(open_, 4 + 30 * SECOND) == (open_, None)
    assert open_.state(5 + 30 * SECOND) is State.HALF_OPEN


def test_a_provider_that_says_when_to_come_back_is_left_alone_so_long_and_a_minute_at_most() -> None:
    assert failed(CLOSED, 0, Failure("status_429", 7)).open_until == 7 * SECOND
    assert failed(CLOSED, 0, Failure("status_429", 3_600)).open_until == 60 * SECOND
    twice = failed(failed(CLOSED, 0), 0)
    assert failed(twice, 0, Failure("status_429", 7)).open_until == 30 * SECOND, "the later deadline wins"


def test_what_is_told_to_requests_that_were_on_their_way_lengthens_and_never_shortens() -> None:
    open_ = failed(CLOSED, 0, Failure("status_429", 20))
    assert fail(open_, Permit(0), Failure("status_429", 5), SECOND) == open_
    assert fail(open_, Permit(0), BROKEN, SECOND) == open_
    assert fail(open_, Permit(0), Failure("status_429", 40), SECOND).open_until == 41 * SECOND
    assert succeed(open_, Permit(0)) == open_, "an answer that was begun before says nothing of now"


def test_one_probe_goes_out_and_its_result_decides() -> None:
    at = 30 * SECOND
    probing, permit = admit(opened(), at)
    assert permit is not None and permit.is_probe
    assert [admit(probing, at)[1] for _ in range(99)] == [None] * 99
    closed = succeed(probing, permit)
    assert closed.state(at) is State.CLOSED and closed.failures == 0
    again = fail(probing, permit, BROKEN, at)
    assert (again.open_until, again.since) == (60 * SECOND, 0), "it has not been closed in between"
    assert give_up(probing, permit, at).open_until == 60 * SECOND


def test_a_late_result_of_an_older_opening_changes_nothing() -> None:
    at = 30 * SECOND
    probing, permit = admit(opened(), at)
    assert permit is not None
    for late in (Permit(0), Permit(0, is_probe=True)):
        assert succeed(probing, late) == fail(probing, late, Failure("status_429", 60), at) == probing
    again = fail(probing, permit, BROKEN, at)
    assert succeed(again, permit) == again, "a probe says one thing once"


def test_a_probe_of_which_nothing_is_heard_opens_again() -> None:
    probing, permit = admit(opened(), 30 * SECOND)
    assert permit is not None
    again, nobody = admit(probing, 150 * SECOND)
    assert nobody is None and again.open_until == 180 * SECOND
    assert succeed(again, permit) == again, "it is late now"


def test_giving_up_says_nothing_of_a_provider_that_is_closed() -> None:
    twice = failed(failed(CLOSED, 0), 0)
    assert give_up(twice, Permit(0), 0) == twice


@dataclass
class Model:
    """A breaker as somebody would keep it on paper: everything that happened, nothing clever."""

    row: int = 0
    until: int = -1
    """Until when nobody goes through; -1 while it is closed."""
    era: int = 0
    """How many probes went out, or were given up."""
    probe_ends: int = -1
    permits: list[tuple[int, bool]] = field(default_factory=list)

    def asks(self, now: int) -> bool:
        if self.probe_ends != -1 and now >= self.probe_ends:
            self.open(now + 30 * SECOND)
        if self.until == -1:
            self.permits.append((self.era, False))
            return True
        if self.probe_ends != -1 or now < self.until:
            return False
        self.era, self.probe_ends = self.era + 1, now + 120 * SECOND
        self.permits.append((self.era, True))
        return True

    def open(self, until: int) -> None:
        self.era += self.probe_ends != -1
        self.row, self.until, self.probe_ends = 0, until, -1

    def hears(self, number: int, what: str, told: int, now: int) -> None:
        era, is_probe = self.permits[number]
        told_until = now + min(told, 60) * SECOND
        if era != self.era:
            return
        if is_probe:
            if what == "success":
                self.row, self.until, self.probe_ends = 0, -1, -1
            elif what == "failure":
                self.open(max(now + 30 * SECOND, told_until))
            else:
                self.open(now + 30 * SECOND)
        elif self.until != -1:
            self.until = max(self.until, told_until) if what == "failure" else self.until
        elif what == "success":
            self.row = 0
        elif what == "failure":
            self.row += 1
            if self.row >= 3:
                self.open(max(now + 30 * SECOND, told_until))
            elif told:
                self.open(told_until)


def test_two_thousand_histories_are_what_the_model_says() -> None:
    for seed in range(2_000):
        chance, model, breaker, now = random.Random(seed), Model(), CLOSED, 0
        permits: list[Permit] = []
        out: list[int] = []
        for _ in range(60):
            now += chance.choice((0, 1, SECOND, 7 * SECOND, 31 * SECOND, 121 * SECOND))
            if not out or chance.random() < 0.55:
                breaker, permit = admit(breaker, now)
                assert (permit is not None) == model.asks(now), seed
                if permit is not None:
                    out.append(len(permits))
                    permits.append(permit)
                    assert permit.is_probe == model.permits[-1][1], seed
            else:
                number = out.pop(chance.randrange(len(out)))
                if chance.random() < 0.05:
                    continue  # nothing is ever heard of it
                what = chance.choice(("success", "failure", "failure", "failure", "nothing"))
                told = chance.choice((0, 0, 0, 5, 45, 600))
                model.hears(number, what, told, now)
                if what == "success":
                    breaker = succeed(breaker, permits[number])
                elif what == "failure":
                    breaker = fail(breaker, permits[number], Failure("status_500", told), now)
                else:
                    breaker = give_up(breaker, permits[number], now)
            is_closed = breaker.state(now) is State.CLOSED
            assert is_closed == (model.until == -1), seed
            if not is_closed and model.probe_ends == -1:
                assert breaker.open_until == model.until, seed
