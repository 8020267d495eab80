"""Where pages and sections of the help are read, and what the guide's own links become there."""

from collections.abc import Callable, Mapping
from posixpath import basename
from urllib.parse import quote, urlsplit

from app.flows.help.corpus import CONTENTS
from app.flows.help.sections import Page, Section

HELP = "/help/"


def address_of(section: Section) -> str:
    """Returns where a section is read."""
    return address(section.page, section.anchor)


def address(page: str, anchor: str = "") -> str:
    """Returns where a page is read, at one of its sections."""
    at = f"#{quote(anchor, safe='/.{}_')}" if anchor else ""
    return f"{HELP}?page={quote(page, safe='')}{at}"


def links_of(page: str, pages: Mapping[str, Page], *, outside: bool) -> Callable[[str], str | None]:
    """Returns what says where a link of a page leads: to the help, or, where `outside` (of our own text), anywhere."""

    def to_link(target: str) -> str | None:
        named, _, anchor = target.partition("#")
        if not named:
            return address(page, anchor) if page in pages else None
        if urlsplit(target).scheme in ("http", "https"):
            return target if outside else None
        stem = basename(named).removesuffix(".md").lower()
        stem = CONTENTS if named == "README.md" and page != "readme" else stem
        known = stem if named.endswith(".md") and "design/" not in named else named
        if known in pages:
            return address(known, anchor)
        return named if outside and named.startswith("/") and not named.startswith("//") else None

    return to_link
