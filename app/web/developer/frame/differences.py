"""What a publication would change, a thing a row: what goes, and what comes in its place."""

from dataclasses import dataclass

PRICES = "prices"


@dataclass(frozen=True)
class DifferenceRow:
    """One thing that would be said differently; `gone` or `comes` is empty where it is not said at all."""

    name: str = ""
    gone: str = ""
    comes: str = ""


def to_row(section: str, name: str, gone: str | None, comes: str | None) -> DifferenceRow:
    """Returns a difference in words: a model by its own name, all else without underscores."""
    title = f"{section}: {name}" if section == PRICES else name.replace("_", " ")
    return DifferenceRow(title, gone or "", comes or "")
