"""What the log may hold of strangers' words: little, escaped, on one line, and each kind once a minute.

Lines of ours pass `bounded`; libraries' own lines pass `Bounds`, wherever they are written. Of a library's error the
log keeps where it came from and the beginning of what it said.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from app.api.common.seldom import Seldom

CHARACTERS_MAX = 200
ERROR_CHARACTERS_MAX = 8_000
"""How much of an error of our own code is kept, with the way to where it was raised."""
FRAMES_MAX = 12
_WAYS = ("exception", "stack")


def bounded(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: cuts and escapes each text of a line, so that none of them can look like another."""
    for name, value in line.items():
        if isinstance(value, str) and value:
            most = ERROR_CHARACTERS_MAX if name in _WAYS else CHARACTERS_MAX
            line[name] = escaped(value, most, keep="\n" if name in _WAYS else "")
    return line


def escaped(text: str, characters_max: int = CHARACTERS_MAX, keep: str = "") -> str:
    """Returns the beginning of a text with everything escaped that is no printable character of one line."""
    cut = text[:characters_max]
    if not cut.isprintable():
        cut = "".join(part if part.isprintable() or part in keep else _code(part) for part in cut)
    return cut if len(text) <= characters_max else f"{cut[:characters_max]}…"


def _code(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode()


class Bounds(logging.Filter):
    """Lets a library's line through once a minute for each place that writes it, cut and escaped."""

    def __init__(self) -> None:
        super().__init__()
        self._seldom = Seldom()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tells whether a line is written, and makes it one that may be."""
        if getattr(record, "is_bounded", False):
            return True
        if not self._seldom.may(f"{record.name}:{record.pathname}:{record.lineno}:{_kind(record)}"):
            return False
        said = escaped(record.getMessage())
        record.msg, record.args = said + _way(record), ()
        record.exc_info = record.exc_text = record.stack_info = None
        record.is_bounded = True
        return True


def _kind(record: logging.LogRecord) -> str:
    return record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""


def _way(record: logging.LogRecord) -> str:
    """Returns the error of a line, and the way to where it was raised, on the same line."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    error = record.exc_info[1]
    frames = traceback.extract_tb(record.exc_info[2])[-FRAMES_MAX:]
    way = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return f" | {type(error).__name__}: {escaped(str(error))} | {way}"


def bound_libraries() -> None:
    """Bounds whatever the libraries of this process write from now on, through the handlers that there are."""
    bounds = Bounds()
    loggers = [logging.getLogger(), *(found for found in logging.root.manager.loggerDict.values()
                                      if isinstance(found, logging.Logger))]  # fmt: skip
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        handler.addFilter(bounds)
    if logging.lastResort is not None:
        logging.lastResort.addFilter(bounds)


def configure(level: str) -> None:
    """Writes one line per step to stderr, bounded; libraries speak up from warnings on."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            bounded,
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event"), bool_as_flag=False),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
