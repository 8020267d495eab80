"""Each kind of line once a minute."""

import pytest

from app.api.common import seldom
from app.api.common.seldom import PAUSE_SECONDS, Seldom


def test_a_kind_is_said_once_in_a_while() -> None:
    at = 0.0
    found = Seldom(lambda: at)
    assert [found.may("a"), found.may("a"), found.may("b")] == [True, False, True]
    at = PAUSE_SECONDS
    assert [found.may("a"), found.may("a")] == [True, False]


def test_the_kinds_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seldom, "KINDS_MAX", 2)
    found = Seldom(lambda: 0)
    assert all(found.may(str(number)) for number in range(9)) and len(found._last) == 2
