"""Strangers' words in the log: short, escaped, on one line, each kind once a minute."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from app.api.serving.log_bounds import CHARACTERS_MAX, ERROR_CHARACTERS_MAX, Bounds, bounded, escaped

FORGED = "x\ntimestamp=2026-01-01 level=error event=paid \r\x1b[2J\u2028\u202e\x00"


@pytest.mark.parametrize("text", [FORGED, "a\tb", "\x07", "\u2029", "\ud800", "x" * 5_000, FORGED * 500])
def test_a_text_becomes_the_beginning_of_one_printable_line(text: str) -> None:
    found = escaped(text)
    assert found.isprintable() and len(found) <= CHARACTERS_MAX + 1


def test_plain_words_stay_as_they_are() -> None:
    assert escaped("Grüße, 3 × 4 = 12") == "Grüße, 3 × 4 = 12"


def test_a_line_of_ours_cannot_hold_another() -> None:
    render = structlog.processors.LogfmtRenderer(bool_as_flag=False)
    line = render(None, "", bounded(None, "", {"event": "web", "name": FORGED, "count": 3, "exception": "a\n" * 9_000}))
    assert "\n" not in str(line) and "\r" not in str(line) and "\x1b" not in str(line) and "count=3" in str(line)
    assert len(str(line)) < CHARACTERS_MAX * 3 + ERROR_CHARACTERS_MAX * 2


class Kept(logging.Handler):
    """Keeps what would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def kept() -> Iterator[tuple[logging.Logger, Kept]]:
    logger, handler = logging.getLogger("reflex.strange"), Kept()
    handler.addFilter(Bounds())
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, handler
    logger.removeHandler(handler)


def test_a_librarys_line_is_bounded_and_written_once_a_minute(kept: tuple[logging.Logger, Kept]) -> None:
    logger, handler = kept
    for _ in range(100):
        logger.warning("Failed to deserialize event data: %s", FORGED * 1_000)
    logger.warning("another kind")
    assert len(handler.lines) == 2
    assert handler.lines[0].isprintable() and len(handler.lines[0]) < CHARACTERS_MAX * 2


def test_a_librarys_error_says_where_it_was_and_little_of_what_it_said(kept: tuple[logging.Logger, Kept]) -> None:
    logger, handler = kept
    try:
        raise ValueError(FORGED * 1_000)
    except ValueError:
        logger.exception("Exception in ASGI application\n")
    (line,) = handler.lines
    assert line.isprintable() and "ValueError" in line and "test_log_bounds.py" in line and len(line) < 1_500
