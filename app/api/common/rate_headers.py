"""Where the developer's limits of a minute stand, as OpenAI's headers say it, such as `x-ratelimit-limit-requests`."""

from collections.abc import Iterable
from functools import cache, lru_cache

from app.domain.paywalls.limits import Measure
from app.flows.callers.asked import Ask
from app.flows.chat.call import Run
from app.flows.limits.limiter import Rate


def rate_headers(rates: Iterable[Rate]) -> dict[str, str]:
    """Returns the headers of the limits that there are."""
    headers = {}
    for rate in rates:
        limit, remaining, reset = _names(rate.measure)
        headers[limit], headers[remaining] = str(rate.limit), str(rate.remaining)
        headers[reset] = duration_text(rate.reset_seconds)
    return headers


@cache
def _names(measure: Measure) -> tuple[str, str, str]:
    return f"x-ratelimit-limit-{measure}", f"x-ratelimit-remaining-{measure}", f"x-ratelimit-reset-{measure}"


def headers_of_run(begun: Run | Ask) -> tuple[tuple[bytes, bytes], ...]:
    """Returns the headers of an answer that begins, as ASGI wants them; a link was counted nowhere and has none."""
    if isinstance(begun, Ask) or begun.held.admission is None:
        return ()
    return tuple([(name.encode(), value.encode()) for name, value in rate_headers(begun.held.admission.rates).items()])


def duration_text(seconds: float) -> str:
    """Writes a duration as OpenAI does, in whole seconds: `0s`, `1s`, `6m0s`."""
    return _whole_seconds(-int(-seconds // 1))


@lru_cache(maxsize=128)
def _whole_seconds(whole: int) -> str:
    return f"{whole // 60}m{whole % 60}s" if whole >= 60 else f"{whole}s"
