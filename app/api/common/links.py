"""Where our own pages are, as an answer says it."""

from app import wiring


def base_url() -> str:
    """Returns what our own addresses begin with."""
    return wiring.get().links.base_url
