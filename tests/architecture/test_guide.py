"""References and links that lead somewhere: from the code to the guide, and from page to page."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.guide import FENCED, GUIDE, README, name_of, pages, shown
from tests.architecture.source import Source, app, report, sources

REFERENCE = re.compile(r"`((?:use/|design/)?[a-zA-Z][\w-]*)\.md`((?:(?:,? |, | and |–)\d+\b)*)")
NUMBER = re.compile(r"\*\*(\d+)\. ")
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|mailto:)([^)#\s]*)(?:#([\w-]+))?\)")
USE, DESIGN = GUIDE / "use", GUIDE / "design"

Known = dict[str, set[str]]
"""The numbered paragraphs of each page, by the names that it may be cited by: `decisions` and `design/decisions`."""


def known_pages() -> Known:
    found = {"README": set[str]()}
    for page in pages():
        numbers = set(NUMBER.findall(page.read_text()))
        found |= {page.stem: numbers, f"{page.parent.name}/{page.stem}": numbers}
    return found


def test_references_lead_to_a_page() -> None:
    known = known_pages()
    code = (*app(), *sources("tests", "alembic", "rxconfig.py"))
    texts = (*code, *(Source(name_of(page), page.read_text()) for page in shown()))
    report(found for source in texts for found in dead_references(source, known))


def dead_references(source: Source, known: Known) -> Iterator[str]:
    """References to pages that are not there, and to numbers that their page does not have."""
    for number, line in enumerate(source.text.splitlines(), 1):
        for name, numbers in REFERENCE.findall(line):
            if name not in known:
                yield source.says(number, f"cites `{name}.md`, which is no page of app/guide.")
                continue
            for paragraph in re.findall(r"\d+", numbers) if known[name] else ():
                if paragraph not in known[name]:
                    yield source.says(number, f"cites `{name}.md` {paragraph}, which is not there.")


def test_links_between_pages_lead_somewhere() -> None:
    report(found for page in shown() for found in dead_links(page))


def dead_links(page: Path) -> Iterator[str]:
    """Links of a page to files that are not there, and to headings that their page does not have."""
    for target, anchor in LINK.findall(FENCED.sub("", page.read_text())):
        linked = (page.parent / target) if target else page
        if not linked.exists():
            yield f"{name_of(page)}:1: links to {target}, which is not there."
        elif anchor and anchor not in anchors(linked.read_text()):
            yield f"{name_of(page)}:1: links to #{anchor}, a heading that {linked.name} does not have."


def anchors(text: str) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.*)$", FENCED.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_its_index() -> None:
    report(
        f"{name_of(page)}:1: is not in the index beside it."
        for page in pages()
        if page.name != "README.md" and f"]({page.name})" not in (page.parent / "README.md").read_text()
    )


def test_every_page_has_a_title() -> None:
    report(f"{name_of(page)}:1: has no title." for page in shown() if not re.match(r"# \S", page.read_text()))


def test_pages_for_users_lead_to_each_other_only() -> None:
    """They are served alone: where they are read, the rest of the repository is not."""
    report(
        f"{name_of(page)}:1: links to {target}, which users do not see."
        for page in sorted(USE.glob("*.md"))
        for target, _ in LINK.findall(FENCED.sub("", page.read_text()))
        if target and (page.parent / target).resolve().parent != USE
    )


def test_a_newcomer_finds_everything_from_the_readme() -> None:
    text = README.read_text()
    assert len(text.splitlines()) <= 200
    linked = {target for target, _ in LINK.findall(text)}
    missing = {name_of(page) for page in USE.glob("*.md")} - linked
    assert not missing, f"the README does not lead to {missing}"
    assert {"app/guide/design/README.md", "app/guide/design/where.md"} <= linked


def test_a_dead_reference_is_seen() -> None:
    known: Known = {"decisions": {"1", "26", "27"}, "ledger": set(), "use/limits": set()}
    cites = "see `{}.md`{}"
    dead = (("decisions", " 28"), ("decisions", " 26, 28"), ("decisions", " 26–29"), ("decisions", " 1 and 2"),
            ("nowhere", ""), ("use/nowhere", ""))  # fmt: skip
    assert all(list(dead_references(Source("app/db.py", cites.format(*each)), known)) for each in dead)
    fine = (("decisions", " 26"), ("ledger", ""), ("decisions", ", the first"), ("decisions", " 26, 27"),
            ("decisions", " 26–27"), ("use/limits", ""), ("ledger", " 4"))  # fmt: skip
    assert not any(list(dead_references(Source("app/db.py", cites.format(*each)), known)) for each in fine)


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One two\n[a](#one-two) [b](page.md#one-two) [c](https://x.example) [d](../x.py)\n```\n[e](f)\n```\n"
    )
    assert anchors(page.read_text()) == {"one-two"}
    assert len(list(dead_links(page))) == 1
    page.write_text("# One\n[a](#two) [b](nowhere.md) [c](page.md#one)\n")
    assert len(list(dead_links(page))) == 2
