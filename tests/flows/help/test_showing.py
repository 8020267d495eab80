"""Pages and answers as they are shown: links lead to the help's pages, code stands apart, nothing is loaded."""

import re

import pytest

from app.flows.help.desk import NOTHING, Answer
from app.flows.help.showing import show_answer, show_page
from tests.support.helped import BASE_URL, corpus

SECTION = corpus().by_id["stripe#test-mode"]


def test_every_page_is_shown_and_its_own_links_lead_to_pages_that_are_there() -> None:
    addresses = set()
    for page_id in corpus().pages:
        known, title, parts = show_page(corpus(), page_id, BASE_URL)
        html = "".join(block.html for part in parts for block in part.blocks)
        assert known == page_id and title and "<img" not in html and "127.0.0.1:8000" not in html
        addresses |= set(re.findall(r'href="([^"]*)"', html))
    ours = {address for address in addresses if address.startswith("/help/")}
    pages = {re.sub(r"[?#].*?page=|#.*", "", address.removeprefix("/help/")) for address in ours}
    assert len(ours) > 40 and pages <= set(corpus().pages)
    assert all(address.startswith(("/", "https://")) for address in addresses)


def test_where_there_is_no_such_page_all_are_named() -> None:
    assert show_page(corpus(), "nowhere", BASE_URL)[0] == "contents"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Do it [1](<stripe#test-mode>).", '<p>Do it <a href="/help/?page=stripe#test-mode">1</a>.</p>\n'),
        ("![x](https://evil.example/x) [y](https://evil.example)", "<p>x y</p>\n"),
        ("[y](/settings)", "<p>y</p>\n"),
    ],
)
def test_an_answer_leads_to_pages_of_the_help_alone(text: str, html: str) -> None:
    assert [block.html for block in show_answer(corpus(), Answer(text, (SECTION,)))] == [html]


def test_an_answer_of_nothing_is_shown() -> None:
    assert [block.html for block in show_answer(corpus(), Answer(NOTHING))] == [f"<p>{NOTHING}</p>\n"]
