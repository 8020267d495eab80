"""The change log speaks in words: what was changed, not which columns."""

import pytest

from app.web.developer.versions.rows import written


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"changed": ["app_name"]}, "the app's name"),
        ({"changed": ["limits.user", "limits.key"]}, "the limits"),
        ({"changed": ["is_strict", "prices"], "models": ["a", "b"]}, "strict errors and the price of a and b"),
        ({"changed": ["prices"], "models": list("abcdefg")}, "the price of a, b, c, d, e and 2 more"),
        ({"from": None, "to": "Ada"}, "from nobody to Ada"),
        ({"archived": True}, "archived yes"),
        ({}, "nothing noted"),
    ],
)  # fmt: skip
def test_a_change_is_said_in_words(what: dict[str, object], words: str) -> None:
    assert written(what) == words
