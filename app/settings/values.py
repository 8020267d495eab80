"""Checks that several settings share."""


def word(value: str, beginnings: tuple[str, ...], otherwise: str) -> None:
    """Raises ValueError with that sentence for a value that is set and begins in no known way."""
    if value and not value.startswith(beginnings):
        raise ValueError(otherwise)


def http_address(value: str) -> str:
    """Returns an address without the slash at its end. Raises ValueError for one that is neither http nor https."""
    word(value, ("http://", "https://"), "must begin with http:// or https://")
    return value.rstrip("/")


def addresses(text: str) -> frozenset[str]:
    """Returns the addresses of a list with commas, in lower case."""
    return frozenset(part.strip().lower() for part in text.split(",") if part.strip())
