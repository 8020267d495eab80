"""The six limits as a form has them: their names, what each promises in a sentence, and what was typed of them.

"No limit" is a switch: a limit that is off has no field, and one that is on has a number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from app.domain.errors import BadField
from app.domain.money import format_decimal, parse_amount
from app.domain.paywalls.configuration import UserFrom
from app.domain.paywalls.limits import COUNT_MAX, Limits, PaywallLimits, Scope
from app.web.frame.format import plainly


@dataclass(frozen=True, slots=True)
class About:
    """What a limit is called, what it promises, and what its number counts; `{unit}` is the paywall's."""

    title: str
    promise: str
    counts: str


LIMITS: Mapping[str, About] = {
    "requests_per_minute": About(
        "Requests a minute", "In no 60 seconds, wherever they begin, are more let through.", "requests"),
    "tokens_per_minute": About(
        "Tokens a minute",
        "A request begins only if the last minute's tokens and what it is expected to use stay within.", "tokens"),
    "concurrency": About("At the same time", "No more run at once; one more is answered with 429.", "requests"),
    "tokens_per_request": About(
        "Tokens a request",
        "Prompt and answer together: the answer ends there, and a prompt that leaves no room is refused.", "tokens"),
    "spend_per_day_nanos": About(
        "Spending a day", "Never exceeded, whatever runs at once. Days begin at midnight UTC.", "{unit}"),
    "spend_per_month_nanos": About(
        "Spending a month", "Never exceeded, whatever runs at once. Months begin on the first, UTC.", "{unit}"),
}  # fmt: skip
SCOPES: Mapping[Scope, tuple[str, str]] = {
    Scope.USER: ("Each user", "One end user's use, whichever key asks for them."),
    Scope.KEY: ("Each key", "What one key may use, for all users together."),
    Scope.PAYWALL: ("All together", "Everything that this paywall answers."),
}
PLACES: Mapping[UserFrom, tuple[str, str]] = {
    UserFrom.ANY: ("Anywhere", "The body's user, else the header X-Paywall-User, else the address /v1/{user}/…"),
    UserFrom.HEADER: (
        "The header alone", "X-Paywall-User. Choose it if your app passes bodies of its users on as they are."),
    UserFrom.URL: ("The address alone", "/v1/{user}/…, for apps that can change nothing but the base URL."),
}  # fmt: skip
DEFAULTS: Mapping[str, str] = {
    "requests_per_minute": "60",
    "tokens_per_minute": "100000",
    "concurrency": "5",
    "tokens_per_request": "32000",
    "spend_per_day_nanos": "5",
    "spend_per_month_nanos": "50",
}
"""What stands in a field whose limit was just switched on."""


def typed_of(limits: Limits) -> dict[str, str]:
    """Returns what stands in the fields of limits, those that are on alone."""
    found = {each.name: getattr(limits, each.name) for each in fields(limits)}
    return {name: _text(name, value) for name, value in found.items() if value is not None}


def all_typed(limits: PaywallLimits) -> dict[str, str]:
    """Returns what stands in the fields of everybody's limits: `user.concurrency` and so on."""
    return {
        f"{scope}.{name}": value for scope in Scope for name, value in typed_of(getattr(limits, scope.value)).items()
    }


def _text(name: str, value: int) -> str:
    return format_decimal(value) if name.endswith("_nanos") else str(value)


def limits_of(typed: Mapping[str, str], prefix: str) -> tuple[Limits, dict[str, str]]:
    """Returns the limits that were typed behind a prefix, and what is wrong, by field. What is missing is no limit."""
    problems: dict[str, str] = {}
    values: dict[str, int] = {}
    for name in LIMITS:
        text = typed.get(prefix + name)
        if text is None:
            continue
        try:
            values[name] = _value(name, text.strip())
        except BadField as error:
            problems[prefix + name] = plainly(error)
    return Limits(**values), problems


def _value(name: str, text: str) -> int:
    if name.endswith("_nanos"):
        try:
            return parse_amount(text, name)
        except BadField:
            message = "More than zero, with at most 9 decimals, such as 2.50. Without a limit, switch it off."
            raise BadField(name, message) from None
    plain = text.replace(",", "")
    if not (
        plain.isascii() and plain.isdecimal() and len(plain) <= len(str(COUNT_MAX)) and 1 <= int(plain) <= COUNT_MAX
    ):
        raise BadField(name, f"A whole number from 1 to {COUNT_MAX:,}. Without a limit, switch it off.")
    return int(plain)


def merged(read: Mapping[str, str], wanted: Mapping[str, str], newest: Mapping[str, str]) -> dict[str, str]:
    """Returns the newest values with what was changed of those that were read: two who change different fields keep
    both their changes."""
    changed = {name for name in {*read, *wanted} if read.get(name) != wanted.get(name)}
    kept = {name: value for name, value in newest.items() if name not in changed}
    return {**kept, **{name: wanted[name] for name in changed if name in wanted}}


def differences(before: Mapping[str, str], after: Mapping[str, str], unit: str) -> Iterable[tuple[str, str, str]]:
    """Yields what differs: a title, what was, and what will be."""
    for scope, (who, _) in SCOPES.items():
        for name, about in LIMITS.items():
            key = f"{scope.value}.{name}"
            if before.get(key) != after.get(key):
                old, new = (_said(values.get(key), about, unit) for values in (before, after))
                yield f"{who}: {about.title.lower()}", old, new


def _said(value: str | None, about: About, unit: str) -> str:
    return "no limit" if value is None else f"{value} {about.counts.format(unit=unit)}"


def said_of(limits: Limits, unit: str) -> str:
    """Says limits in a line: `60 requests a minute, 2.5 USD a day`, or that there is none."""
    typed = typed_of(limits)
    words = [f"{LIMITS[name].title.lower()}: {_said(value, LIMITS[name], unit)}" for name, value in typed.items()]
    return ", ".join(words) or "no limit at all"
