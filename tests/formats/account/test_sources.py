"""What a model says of its sources is taken out of its text, wherever the stream was cut, and stands by paragraph."""

from collections.abc import Sequence

import pytest

from app.formats.account.sources import SourceMarks
from tests.support.growing import ends_in_time, read_much

TEXT = "The sea is blue [A, C].\n\nIt is deep. [B]\n\n- one\n- two [A]\n\n```\nx = [A]\n\ny = [B]\n```\n\nThe end [C,A]"
SAID = "The sea is blue [A, C].\n\nIt is deep.\n\n- one\n- two\n\n```\nx = [A]\n\ny = [B]\n```\n\nThe end"
PARTS = [[], [1], [0], [], [0, 2]]


def heard(pieces: Sequence[str]) -> tuple[str, Sequence[Sequence[int]]]:
    marks = SourceMarks()
    said = "".join([*map(marks.feed, pieces), marks.end()])
    return said, marks.parts()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
def test_marks_at_the_end_of_paragraphs_are_taken_out_however_the_text_was_cut(size: int) -> None:
    assert heard([TEXT[at : at + size] for at in range(0, len(TEXT), size)]) == (SAID, PARTS)


@pytest.mark.parametrize(
    "text",
    ["", "No names.\n\nNone.", "[Z]\n\n[AB]\n\n[]", "See [A] here.", "[A]\nand so on", "```\n[A]", "a [", "a [A,"],
)
def test_what_is_no_mark_is_text_and_nobody_is_named(text: str) -> None:
    assert heard(list(text)) == (text, [])


def test_nothing_is_kept_back_that_cannot_become_a_mark() -> None:
    marks = SourceMarks()
    assert [marks.feed(piece) for piece in ("The", " sea", " [", "A", "] is", " blue")] == [
        "The", " sea", "", "", " [A] is", " blue"
    ]  # fmt: skip


@ends_in_time
@pytest.mark.parametrize("piece", [" ", "\t", "[A] ", "[A]\n\n", "[A", "```\n[A]\n\n", "word "])
def test_a_text_is_listened_to_in_a_time_that_grows_with_it(piece: str) -> None:
    """A model that falls into writing blanks writes thousands, one by one."""
    read_much(lambda size: heard([piece] * size), 300)
