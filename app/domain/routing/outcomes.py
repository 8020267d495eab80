"""What a leg that failed before its first word means: that the next one is asked, or that the request ends. Pure."""

from collections.abc import Collection
from enum import StrEnum

from app.domain.errors import OwnKeyUnavailable, ProviderFailed

CONTENT_FILTER = "content_filter"
"""What a caller writes who wants another model asked where one refuses what it was asked."""
ALSO_FOLLOWED = (CONTENT_FILTER,)
"""What a caller may list beside the failures that are always followed by the next leg."""

_PASSING = frozenset({408, 409, 425, 429})
_OF_THE_MODEL = frozenset({404, 405, 410})
_OF_THE_KEY = frozenset({401, 402, 403})
_FILTERS = ("content_filter", "content_policy_violation", "content_policy", "moderation")
"""What providers call it when they refuse a prompt or stop an answer for what it says."""


class Outcome(StrEnum):
    """What follows a failure."""

    NEXT = "next"
    """The next leg is asked, and the failure counts against the provider."""
    ELSEWHERE = "elsewhere"
    """The next leg is asked because the caller wanted that, or all of an answer at once; the provider is well."""
    END = "end"
    """The request ends: it would fail anywhere, or it is the user's own key that was refused."""


class ContentFiltered(ProviderFailed):
    """An answer of no word, which the provider ended for what was asked or said."""

    code = CONTENT_FILTER


class OverTime(ProviderFailed):
    """An answer that had to be there whole by a time of ours, and was not: whoever asks for more than can be said by
    then gets this of a provider that is well."""


def status_of(failure: ProviderFailed) -> int | None:
    """Returns the status of a failure: its own, or the one that stands in an error that came with status 200."""
    if failure.status is not None:
        return failure.status
    said = failure.said.get("code")
    number = int(said) if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) == 3 else said
    return number if isinstance(number, int) and 400 <= number <= 599 else None


def is_filtered(failure: ProviderFailed) -> bool:
    """Tells whether a provider refused for what was asked."""
    if isinstance(failure, ContentFiltered):
        return True
    said = (failure.said.get("code"), failure.said.get("type"))
    return any(isinstance(word, str) and word.lower() in _FILTERS for word in said)


def outcome_of(failure: ProviderFailed, also: Collection[str] = (), *, is_own_key: bool = False) -> Outcome:
    """Returns what follows a leg that failed before its first word.

    `also` are further failures that the caller wants followed; `is_own_key` says that the key was its user's. One that
    cannot be used ends it too: what follows might be paid for in its place.
    """
    if isinstance(failure, OwnKeyUnavailable):
        return Outcome.END
    if isinstance(failure, OverTime):
        return Outcome.ELSEWHERE
    if is_filtered(failure):
        return Outcome.ELSEWHERE if CONTENT_FILTER in also else Outcome.END
    status = status_of(failure)
    if status in _OF_THE_KEY:
        return Outcome.END if is_own_key else Outcome.NEXT
    is_followed = status is None or status in _PASSING or status in _OF_THE_MODEL or status >= 500
    return Outcome.NEXT if is_followed else Outcome.END


def reason_of(failure: ProviderFailed) -> str:
    """Returns in a word why a leg failed, for whoever reads its request and for the operator."""
    if failure.timed_out:
        return "timeout"
    if isinstance(failure, OwnKeyUnavailable):
        return failure.code
    if is_filtered(failure):
        return CONTENT_FILTER
    status = status_of(failure)
    return "no_answer" if status is None else f"status_{status}"
