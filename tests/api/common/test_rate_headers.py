"""Where limits stand, as OpenAI's clients read it."""

import pytest

from app.api.common.rate_headers import duration_text, headers_of_run, rate_headers
from app.domain.paywalls.limits import Measure
from app.flows.callers.asked import Action, Ask
from app.flows.limits.limiter import Rate


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.001, "1s"), (1, "1s"), (59.2, "1m0s"), (60, "1m0s"), (60.1, "1m1s"), (360, "6m0s")],
)
def test_durations_are_whole_seconds_as_openai_writes_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_only_limits_that_there_are_have_headers() -> None:
    assert rate_headers(()) == {}
    assert rate_headers([Rate(Measure.TOKENS, 1_000, 10, 60)]) == {
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "10",
        "x-ratelimit-reset-tokens": "1m0s",
    }
    assert headers_of_run(Ask(Action.TOPUP)) == ()
