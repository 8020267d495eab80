"""Words for people: how long ago, which browser, what went wrong. Amounts are formatted by `domain.money`."""

import re

from app.domain import clock
from app.domain.errors import CoinslotError
from app.domain.money import Unit, format_finely
from app.domain.usage.tables import RequestMode

_FIELD = re.compile(r"^`(\w+)`")
_MODES = frozenset(RequestMode)
MINUTE, HOUR, DAY = 60, 3_600, 86_400
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))  # fmt: skip


def ago(at: int) -> str:
    """Says how long ago something was, in one or two words."""
    seconds = max(clock.now() - at, 0) // clock.SECOND
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min ago"
    if seconds < DAY:
        return f"{seconds // HOUR} h ago"
    return utc_day(at)


def fine(nanos: int, unit: Unit) -> str:
    """Writes a single charge, or what is left of a bound: up to six decimals, rounded towards zero, at least cents."""
    return format_finely(nanos, unit)


def utc_day(at: int) -> str:
    """Says on which day something was, UTC."""
    return clock.to_datetime(at).strftime("%-d %b %Y")


def utc(at: int) -> str:
    """Says when something was: day and minute, UTC."""
    return clock.to_datetime(at).strftime("%-d %b %Y, %H:%M")


def utc_seconds(at: int) -> str:
    """Says when something of today is: to the second, UTC."""
    return clock.to_datetime(at).strftime("%H:%M:%S UTC")


def browser(user_agent: str) -> str:
    """Says what a browser calls itself: `Firefox on Linux`."""
    name = next((word for mark, word in _BROWSERS if mark in user_agent), "A browser")
    system = next((word for mark, word in _SYSTEMS if mark in user_agent), "")
    return f"{name} on {system}" if system else name


def counted(number: int, noun: str) -> str:
    """Returns `1 token`, `2,000 tokens`."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def paid_by(source: str, unit: Unit) -> str:
    """Returns who paid, as its payer calls it, by a request's billing source."""
    if source == "byok":
        return "your own key"
    return "your credits" if unit is Unit.CREDIT else "your wallet"


def model_name(model: str | None) -> str:
    """Returns what a request's model is called for people: where several answered, the mode, as its button is."""
    return model.capitalize() if model in _MODES else model or ""


def initials(name: str) -> str:
    """Returns the two letters that stand for an app."""
    words = name.split()
    return (words[0][0] + words[1][0] if len(words) > 1 else name[:2]).title()


def plainly(error: CoinslotError) -> str:
    """Returns an error's message as a page says it: a field is named as in a sentence, and not as in a program."""
    return _FIELD.sub(lambda found: f"The {found[1].replace('_', ' ').replace('url', 'URL')}", error.message)
