"""Templates: refused by name before anybody reads half of one, and filled in once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadField
from app.domain.paywalls.messages import (
    DEFAULT_MESSAGES,
    PLACEHOLDERS,
    SHARED_MESSAGES,
    TEMPLATE_CHARACTERS_MAX,
    check_messages,
    is_plain,
    render,
)

LINK = "{{ url }}"


@pytest.mark.parametrize("event", PLACEHOLDERS)
def test_every_event_takes_a_template_with_all_that_it_may_hold(event: str) -> None:
    check_messages({event: "\n".join(f"{{{{{name}}}}} {{{{  {name} }}}}" for name in PLACEHOLDERS[event])})
    check_messages({event: LINK.ljust(TEMPLATE_CHARACTERS_MAX, "x")})


@pytest.mark.parametrize(
    ("event", "template", "says"),
    [
        ("topup", "Pay.", "must hold {{ url }}"),
        ("topup", "Pay {{ shortfall }}.", "must hold {{ url }}"),
        ("topup", "", "not empty"),
        ("topup", " \n", "not empty"),
        ("topup", None, "a text"),
        ("topup", 7, "a text"),
        ("topup", LINK.ljust(TEMPLATE_CHARACTERS_MAX + 1, "x"), "at most 2000"),
        ("topup", LINK + "{{ balance }}", "no placeholder {{ balance }}"),
        ("topup", LINK + "{{ URL }}", "no placeholder {{ URL }}"),
        ("authorize", LINK + "{{ shortfall }}", "no placeholder {{ shortfall }}"),
        ("stopped", LINK + "{{shortfall}}", "no placeholder {{ shortfall }}"),
        ("limit", LINK + "{{ na me }}", "no placeholder;"),
        ("limit", LINK + "{{ name", "no placeholder;"),
        ("limit", LINK + "}}", "no placeholder;"),
        ("limit", "{{{ url }}}{{", "no placeholder;"),
        ("topup", LINK + "\x00", "cannot be shown"),
        ("topup", LINK + "\ud800", "cannot be shown"),
        ("connect", LINK, "of no event"),
        ("", LINK, "of no event"),
    ],
)
def test_a_template_that_could_not_be_read_is_refused_by_name(event: str, template: object, says: str) -> None:
    with pytest.raises(BadField) as refused:
        check_messages({"authorize": LINK, event: template})
    assert refused.value.field == f"messages.{event}"
    assert says in refused.value.message and f"`messages.{event}`" in refused.value.message


def test_our_own_words_could_be_published() -> None:
    check_messages(DEFAULT_MESSAGES)
    check_messages(SHARED_MESSAGES)
    assert set(DEFAULT_MESSAGES) == set(PLACEHOLDERS) >= set(SHARED_MESSAGES)


def test_a_value_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    filled = render("{{name}}: {{ url }} {{ shortfall }}", {"name": "{{ url }}", "url": "https://x"})
    assert filled == "{{ url }}: https://x {{ shortfall }}"


@given(st.text())
def test_what_is_plain_can_be_sent_and_shown(text: str) -> None:
    if is_plain(text):
        text.encode()
        assert all(letter.isprintable() or letter in "\n\t" or ord(letter) > 0x9F for letter in text)
