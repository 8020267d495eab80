"""Where the developer's limits of a minute stand, as OpenAI's headers say it, such as `x-ratelimit-limit-requests`."""

from collections.abc import Iterable

from app.flows.chat import Run
from app.flows.decide import Ask
from app.flows.limits import Rate


def rate_headers(rates: Iterable[Rate]) -> dict[str, str]:
    """Returns the headers of the limits that there are."""
    headers = {}
    for rate in rates:
        headers[f"x-ratelimit-limit-{rate.measure}"] = str(rate.limit)
        headers[f"x-ratelimit-remaining-{rate.measure}"] = str(rate.remaining)
        headers[f"x-ratelimit-reset-{rate.measure}"] = duration_text(rate.reset_seconds)
    return headers


def headers_of_run(begun: Run | Ask) -> tuple[tuple[bytes, bytes], ...]:
    """Returns the headers of an answer that begins, as ASGI wants them; a link was counted nowhere and has none."""
    if isinstance(begun, Ask) or begun.admission is None:
        return ()
    return tuple((name.encode(), value.encode()) for name, value in rate_headers(begun.admission.rates).items())


def duration_text(seconds: float) -> str:
    """Writes a duration as OpenAI does, in whole seconds: `0s`, `1s`, `6m0s`."""
    whole = -int(-seconds // 1)
    return f"{whole // 60}m{whole % 60}s" if whole >= 60 else f"{whole}s"
