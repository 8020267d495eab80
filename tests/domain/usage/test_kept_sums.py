"""What is kept of sums takes the place of what was kept of the same, or of everything."""

import pytest

from app import db
from app.domain.usage.kept_sums import keep, read_kept

pytestmark = pytest.mark.usefixtures("database")


def kept() -> dict[str, int]:
    with db.transaction(writes=False) as session:
        return dict(read_kept(session, ["a", "b", "c"]))


def test_a_sum_takes_the_place_of_the_one_before() -> None:
    with db.transaction() as session:
        keep(session, {"a": 1, "b": 2}, are_all=False)
        keep(session, {"b": 3}, are_all=False)
        keep(session, {}, are_all=False)
    assert kept() == {"a": 1, "b": 3}
    with db.transaction() as session:
        keep(session, {"c": 5}, are_all=True)
    assert kept() == {"c": 5}
    with db.transaction() as session:
        keep(session, {}, are_all=True)
    assert kept() == {}
