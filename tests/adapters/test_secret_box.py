"""Secrets at rest."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.secret_box import SealBroken, SecretBox

BOX = SecretBox([b"first", b"second"])


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens_in_its_context_only(text: str, context: str) -> None:
    sealed = BOX.seal(text, context)
    assert sealed.isascii()
    assert BOX.open(sealed, context) == text
    with pytest.raises(SealBroken):
        BOX.open(sealed, context + "x")


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert BOX.seal("key", "a") != BOX.seal("key", "a")


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_seal_does_not_open(position: int, change: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(BOX.seal("sk-something", "key").removeprefix("v1.")))
    raw[position % len(raw)] ^= change
    with pytest.raises(SealBroken):
        BOX.open("v1." + base64.urlsafe_b64encode(raw).decode(), "key")


@given(st.text())
def test_nonsense_does_not_open(sealed: str) -> None:
    for text in (sealed, f"v1.{sealed}"):
        with pytest.raises(SealBroken):
            BOX.open(text, "key")


def test_secrets_can_be_rotated() -> None:
    old = SecretBox([b"second"]).seal("text", "c")
    new = BOX.seal("text", "c")
    assert BOX.open(old, "c") == "text"
    assert SecretBox([b"first"]).open(new, "c") == "text"
    with pytest.raises(SealBroken):
        SecretBox([b"second"]).open(new, "c")


@pytest.mark.parametrize("secrets", [[], [b""], [b"good", b""]])
def test_a_box_needs_secrets(secrets: list[bytes]) -> None:
    with pytest.raises(ValueError, match="secret"):
        SecretBox(secrets)
