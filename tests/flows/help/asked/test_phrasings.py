"""Each section of the guide is asked for in many words, and what is asked is answered."""

from app.flows.help.asked.phrasings import FOLDER, Asked, phrasings_of, read_asked
from app.flows.help.gate import passes
from app.flows.help.lists import LISTS
from tests.support.helped import corpus, evidence_of, is_let_in

LEAST = 5
"""How many phrasings a section of the guide has."""


def test_every_section_of_the_guide_is_asked_for_and_no_other() -> None:
    asked = read_asked().of_section
    assert asked.keys() <= {section.id for section in corpus().searched}
    few = [one.id for one in corpus().searched if one.page not in LISTS and len(asked.get(one.id, ())) < LEAST]
    assert not few, f"app/guide/asked lacks phrasings of {few}"


def test_a_file_has_the_sections_of_its_page_and_no_phrasing_twice() -> None:
    for path in FOLDER.glob("[!_]*.txt"):
        found = phrasings_of(path.read_text())
        assert {section.partition("#")[0] for section in found} == {path.stem}
        twice = {section: lines for section, lines in found.items() if len(set(lines)) < len(lines)}
        assert not twice


def test_what_is_asked_here_is_let_in_and_finds_its_section(is_long: bool) -> None:
    """Of each page some: a run looks at each 41st line, which takes two seconds, a long one at more."""
    asked = [(section, line) for section, lines in read_asked().of_section.items() for line in lines]
    asked = asked[:: 17 if is_long else 41]
    assert len(asked) > 150
    found = [(section, line, evidence_of(line)) for section, line in asked]
    refused = [line for _, line, evidence in found if not passes(line, evidence)]
    missed = [line for section, line, evidence in found if section not in {one.section.id for one in evidence.found}]
    assert not refused and len(missed) <= 2, (refused, missed)


def test_what_is_asked_of_others_or_ordered_is_not_let_in(is_long: bool) -> None:
    asked = read_asked()
    others = asked.elsewhere[:: 8 if is_long else 20]
    let_in = [line for line in (*others, *asked.orders[::4]) if is_let_in(line)]
    assert len(let_in) <= 3, let_in


def test_lines_stand_under_their_heading_and_nothing_asked_is_nothing_known() -> None:
    assert phrasings_of("# a#b\none\n\n two \n# c\n# a#b\nthree\n") == {"a#b": ("one", "two", "three"), "c": ()}
    assert Asked().phrasings() == Asked().others() == ()
