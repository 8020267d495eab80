"""The median of the first tokens."""

from app.domain.clock import SECOND
from app.domain.routing.latencies import Latencies


def test_the_median_is_of_the_last_five_minutes_and_of_three_at_least() -> None:
    latencies = Latencies()
    assert latencies.median(0) is None
    for at, took in ((0, 900), (SECOND, 100), (2 * SECOND, 300)):
        latencies.note(at, took)
        assert latencies.median(at) == (300 if at == 2 * SECOND else None)
    latencies.note(299 * SECOND, 200)
    assert latencies.median(299 * SECOND) == 250
    assert latencies.median(300 * SECOND) == 200, "the first is five minutes old"
    assert latencies.median(301 * SECOND) is None
