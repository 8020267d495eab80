"""Ids are their own, and sort by time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import clock
from app.domain.ids import BASE62, as_id, derived_id, encode, is_word, least_id, new_id


def test_new_ids_differ_and_sort_by_the_millisecond_of_their_making(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [new_id("req") for _ in range(2_000)]
    assert len(set(ids)) == 2_000 and {len(made) for made in ids} == {26}
    assert all(re.fullmatch("req_[0-9a-z]{22}", made) for made in ids)
    start, later = clock.now(), []
    for milliseconds in range(50):
        monkeypatch.setattr(clock, "now", lambda at=start + 1_000 * milliseconds: at)
        later.append(new_id("req"))
    assert later == sorted(later)


def test_what_is_made_within_one_millisecond_sorts_by_the_order_of_its_making(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are in the order of their ids, and a transaction makes several rows within a millisecond."""
    start, made = clock.now(), []
    for microseconds in range(2_000):
        monkeypatch.setattr(clock, "now", lambda at=start + microseconds: at)
        made.append(new_id("req"))
    assert made == sorted(made) and {len(one) for one in made} == {26}


@given(st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_the_same_parts_have_the_same_id_and_others_another(one: list[str], two: list[str]) -> None:
    same = derived_id("wal", *one) == derived_id("wal", *two)
    assert same == ("\x00".join(one) == "\x00".join(two))


@given(st.lists(st.text(), min_size=1))
def test_a_derived_id_has_the_form_of_an_id_and_the_prefix_that_is_asked_for(parts: list[str]) -> None:
    made = derived_id("wal", *parts)
    assert re.fullmatch("wal_[0-9a-z]{25}", made)
    assert derived_id("usr", *parts) == made.replace("wal_", "usr_", 1)


def test_a_derived_id_is_the_same_in_every_process_and_release() -> None:
    """Wallets are found again by it, so it may never change; this one was worked out by other code."""
    assert derived_id("wal", "pw_1", "ada") == "wal_11mv4qolsji3fk79tgc65hxh7"


@given(st.integers(0, 62**6 - 1))
def test_numbers_are_written_in_any_base(number: int) -> None:
    value = 0
    for letter in encode(number, BASE62, 6):
        value = value * 62 + BASE62.index(letter)
    assert value == number


def test_the_least_id_of_a_time_parts_what_was_made_before_from_what_was_made_since() -> None:
    before = new_id("req")
    at = clock.now() + clock.SECOND
    assert before < least_id("req", at) < least_id("req", at + 1_000)
    assert least_id("req", clock.now() - clock.SECOND) < new_id("req")
    assert least_id("req", -(10**30)) < before < least_id("req", 10**30)


@pytest.mark.parametrize("text", ["", "req_\x00", "\ud800", "req_é", "a\nb", "\x7f"])
def test_what_can_be_no_id_finds_nothing(text: str) -> None:
    assert not text or not is_word(text)
    assert as_id(text) == "" and as_id("req_1a") == "req_1a"


def test_a_text_that_is_no_text_has_an_id_of_its_own() -> None:
    made = {derived_id("clk", "req_1", text) for text in ("", "\ud800", "\udfff", "\ud800\udfff", "?")}
    assert len(made) == 5
