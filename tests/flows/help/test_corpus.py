"""The help knows every page of the guide, and every anchor that its pages link."""

import re

from app.flows.help.corpus import GUIDE, SAID_ELSEWHERE
from tests.support.helped import corpus


def test_every_page_of_the_guide_is_there_and_every_section_has_a_name_of_its_own() -> None:
    pages = {path.stem for path in GUIDE.glob("*.md")} - {"README"}
    assert pages | {"contents", "readme", "codes", "events", "operations"} == set(corpus().pages)
    assert len(corpus().by_id) == len(corpus().sections) > 250
    assert set(corpus().by_id) >= SAID_ELSEWHERE
    assert {section.id for section in corpus().searched} == set(corpus().by_id) - SAID_ELSEWHERE


def test_every_link_of_the_guide_leads_to_a_section() -> None:
    linked = {
        f"{page or section.page}#{anchor}"
        for section in corpus().sections
        for page, anchor in re.findall(r"\]\((?:([\w-]+)\.md)?#([\w-]+)\)", section.text)
    }
    assert len(linked) > 10 and linked <= set(corpus().by_id)
