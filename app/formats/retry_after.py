"""`Retry-After` as HTTP writes it: seconds, or a date (RFC 9110, 10.2.3). Pure."""

from datetime import UTC
from email.utils import parsedate_to_datetime

CHARACTERS_MAX = 100


def seconds_of(text: str | None, now_seconds: int, most: int) -> int:
    """Returns for how long to wait from `now_seconds` (since 1970) on, 0 to `most`; 0 for what says nothing.

    A part of a second is rounded up, because less than what was asked for is too early.
    """
    said = (text or "").strip()
    if not said or len(said) > CHARACTERS_MAX or not said.isascii():
        return 0
    whole, _, part = said.partition(".")
    if whole.isdigit() and (part.isdigit() or not part):
        return min(int(whole) + (1 if part.strip("0") else 0), most)
    try:
        at = parsedate_to_datetime(said)
        # A date without a zone is UTC, as HTTP's dates are.
        wait = int((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()) - now_seconds
    except (ValueError, OverflowError):
        return 0
    return min(max(wait, 0), most)
