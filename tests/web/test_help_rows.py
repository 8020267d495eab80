"""What the page of the help holds is small, whichever page is read."""

import dataclasses
import json

from app.flows.help.desk import Answer
from app.web.public.help.rows import answer_row, page_row
from tests.support.helped import BASE_URL, corpus

STATE_BYTES_MAX = 100 * 1024
"""What a page may hold in its state (the design of pages)."""


def test_every_page_fits_into_the_state_of_one() -> None:
    for page_id in corpus().pages:
        row = page_row(corpus(), page_id, BASE_URL)
        size = len(json.dumps(dataclasses.asdict(row)))
        assert 0 < size < STATE_BYTES_MAX, f"{page_id}: {size}"
        anchors = [part.anchor for part in row.parts]
        assert len(set(anchors)) == len(anchors)


def test_an_answer_names_its_sections_and_where_they_are_read() -> None:
    section = corpus().by_id["stripe#live"]
    row = answer_row(corpus(), "Live?", Answer("Paste it.\n\n```\ncurl x\n```", (section,)))
    assert row.is_found and [(block.html, block.code) for block in row.blocks] == [
        ("<p>Paste it.</p>\n", ""),
        ("", "curl x"),
    ]
    assert [(cited.number, cited.id, cited.href) for cited in row.cited] == [
        (1, "stripe#live", "/help/?page=stripe#live")
    ]
    assert not answer_row(corpus(), "Paris?", Answer("Nothing.")).is_found
