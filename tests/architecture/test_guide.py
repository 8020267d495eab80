"""References and links that lead somewhere: from the code to the guide, and from page to page."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ROOT, Source, app, report, sources

GUIDE = ROOT / "app" / "guide"
REFERENCE = re.compile(r"`([a-z][\w-]*)\.md`(?:,? (\d+)\b)?")
NUMBER = re.compile(r"\*\*(\d+)\. ")
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|mailto:)([^)#\s]*)(?:#([\w-]+))?\)")
FENCED = re.compile(r"^```.*?^```", re.M | re.S)


def pages() -> dict[str, Path]:
    """Returns the pages of the guide by their names."""
    return {path.stem: path for path in sorted(GUIDE.rglob("*.md"))}


def test_references_in_the_code_lead_to_a_page() -> None:
    known = {name: set(NUMBER.findall(path.read_text())) for name, path in pages().items()}
    files = (*app(), *sources("tests", "alembic", "rxconfig.py"))
    report(found for source in files for found in dead_references(source, known))


def dead_references(source: Source, known: dict[str, set[str]]) -> Iterator[str]:
    """References to pages that are not there, and to numbers that their page does not have."""
    for number, line in enumerate(source.text.splitlines(), 1):
        for name, paragraph in REFERENCE.findall(line):
            if name == "README":
                continue
            if name not in known:
                yield source.says(number, f"cites `{name}.md`, which is no page of app/guide.")
            elif paragraph and known[name] and paragraph not in known[name]:
                yield source.says(number, f"cites `{name}.md` {paragraph}, which is not there.")


def test_links_between_pages_lead_somewhere() -> None:
    report(found for path in (ROOT / "README.md", *pages().values()) for found in dead_links(path))


def dead_links(path: Path) -> Iterator[str]:
    """Links of a page to files that are not there, and to headings that their page does not have."""
    for target, anchor in LINK.findall(FENCED.sub("", path.read_text())):
        page = (path.parent / target) if target else path
        if not page.exists():
            yield f"{path.relative_to(ROOT)}:1: links to {target}, which is not there."
        elif anchor and anchor not in anchors(page.read_text()):
            yield f"{path.relative_to(ROOT)}:1: links to #{anchor}, a heading that {page.name} does not have."


def anchors(text: str) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.*)$", FENCED.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_a_dead_reference_is_seen(tmp_path: Path) -> None:
    known = {"decisions": {"1", "26"}, "ledger": set[str]()}
    cites = "see `{}.md`{}"
    seen = [cites.format("decisions", " 27"), cites.format("nowhere", "")]
    assert all(list(dead_references(Source("app/db.py", text), known)) for text in seen)
    fine = [cites.format("decisions", " 26"), cites.format("ledger", ""), cites.format("decisions", ", the first")]
    assert not any(list(dead_references(Source("app/db.py", text), known)) for text in fine)


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One two\n[a](#one-two) [b](page.md#one-two) [c](https://x.example) [d](../x.py)\n```\n[e](f)\n```\n"
    )
    assert anchors(page.read_text()) == {"one-two"}
