"""`Retry-After` is read as HTTP writes it, and as some servers do."""

import pytest

from app.formats.retry_after import seconds_of

NOW = 1_764_302_400  # Fri, 28 Nov 2025 04:00:00 GMT
DAY = 24 * 3600


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120), (" 7 ", 7), ("0", 0), ("1.2", 2), ("3.0", 3), ("999999999999999999999", DAY),
        ("Fri, 28 Nov 2025 04:02:00 GMT", 120), ("Friday, 28-Nov-25 04:02:00 GMT", 120),
        ("Fri Nov 28 04:02:00 2025", 120), ("Fri, 28 Nov 2025 05:02:00 +0100", 120),
        ("Fri, 28 Nov 2025 03:00:00 GMT", 0), ("Fri, 28 Nov 2125 03:00:00 GMT", DAY),
        (None, 0), ("", 0), ("soon", 0), ("-5", 0), ("1e9", 0), ("٣", 0), ("Fri, 99 Nov 2025 03:00:00 GMT", 0),
        ("9" * 101, 0), ("120, 240", 0), (".5", 0),
    ],
)  # fmt: skip
def test_seconds_and_dates_say_how_long_and_what_is_neither_says_nothing(said: str | None, seconds: int) -> None:
    assert seconds_of(said, NOW, DAY) == seconds
