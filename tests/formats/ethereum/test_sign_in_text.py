"""A text to sign is read to the letter, or not at all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.ethereum.sign_in_text import BYTES_MAX, SignInText, TextInvalid, read, read_hex

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
TEXT = SignInText(
    "coinslot.example:8443", ADDRESS, "Sign in. This costs nothing.", "https://coinslot.example:8443/signin/", 137,
    "0123456789abcdef", "2026-11-29T09:00:00.000Z", "2026-11-29T09:10:00.000Z",
)  # fmt: skip
WRITTEN = TEXT.write()


def test_what_is_written_is_what_the_standard_says_and_is_read_again() -> None:
    assert WRITTEN == (
        "coinslot.example:8443 wants you to sign in with your Ethereum account:\n"
        "0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
        "\n"
        "Sign in. This costs nothing.\n"
        "\n"
        "URI: https://coinslot.example:8443/signin/\n"
        "Version: 1\n"
        "Chain ID: 137\n"
        "Nonce: 0123456789abcdef\n"
        "Issued At: 2026-11-29T09:00:00.000Z\n"
        "Expiration Time: 2026-11-29T09:10:00.000Z"
    )
    assert read(WRITTEN) == TEXT
    assert read_hex("0x" + WRITTEN.encode().hex()) == WRITTEN


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("This costs nothing.", "This costs\nnothing."),
        ("This costs nothing.", "This costs nothing.\n\nURI: https://evil.example/"),
        ("This costs nothing.", "This costs nothing.\r"),
        ("This costs nothing.", "This costs nothing.\u2028"),
        ("This costs nothing.", "This c\u043ests nothing."),
        ("This costs nothing.", "This costs nothing.\u202e"),
        ("This costs nothing.", "This costs nothing.\x00"),
        ("Sign in. This costs nothing.", ""),
        ("coinslot.example:8443 wants", "https://coinslot.example:8443 wants"),
        ("coinslot.example:8443 wants", "coinslot.example wants\ncoinslot.example:8443 wants"),
        ("coinslot.example:8443 wants", "c\u043einslot.example wants"),
        ("Version: 1", "Version: 2"),
        ("Version: 1\n", ""),
        ("Version: 1\n", "Version: 1\nVersion: 1\n"),
        ("Chain ID: 137", "Chain ID: 0137"),
        ("Chain ID: 137", "Chain ID: \u0661\u0663\u0667"),
        ("Chain ID: 137", "Chain ID: 137\nChain ID: 1"),
        ("Nonce: 0123456789abcdef", "Nonce: 0123"),
        ("\nExpiration Time: 2026-11-29T09:10:00.000Z", ""),
        ("Expiration Time:", "Not Before: 2026-11-29T09:10:00.000Z\nExpiration Time:"),
        ("09:10:00.000Z", "09:10:00.000Z\n"),
        ("09:10:00.000Z", "09:10:00.000Z\nResources:\n- https://evil.example/"),
        (ADDRESS, ADDRESS + "0"),
        (ADDRESS, f"{ADDRESS}\n{ADDRESS}"),
    ],
)
def test_another_form_is_no_text(said: str, instead: str) -> None:
    assert said in WRITTEN
    with pytest.raises(TextInvalid):
        read(WRITTEN.replace(said, instead, 1))


@given(st.text() | st.integers(0, len(WRITTEN)).map(lambda end: WRITTEN[:end]))
def test_whatever_is_read_is_written_the_same(text: str) -> None:
    try:
        assert read(text).write() == text
    except TextInvalid:
        assert text != WRITTEN


def test_what_is_long_or_no_hexadecimal_is_no_text() -> None:
    for said in ("0x", "nonsense", "0x1", "0x" + "ff" * 10, "0x" + WRITTEN.encode("utf-16").hex()):
        with pytest.raises(TextInvalid):
            read(read_hex(said))
    with pytest.raises(TextInvalid):
        read(replace(TEXT, statement="a" * BYTES_MAX).write())
