"""Lists for `IN` hold what they are given, and have few lengths."""

from hypothesis import given
from hypothesis import strategies as st

from app.sql.in_lists import in_list


@given(st.sets(st.text(), max_size=70))
def test_a_list_holds_what_it_is_given_and_is_a_power_of_two_long(values: set[str]) -> None:
    found = in_list(values)
    assert set(found) == values
    assert len(found) in (0, 1, 2, 4, 8, 16, 32, 64, 128) and len(found) < max(2 * len(values), 1) + 1
