"""Keys as text: recognised without asking anybody, refused when a letter is wrong."""

import base64

import pytest

from app.domain.ids import BASE62
from app.domain.key_text import hash_key, is_key, make_key, make_signing_secret


def test_a_key_is_recognised_by_its_prefix_and_checksum() -> None:
    key = make_key("sk-coinslot-user-")
    assert is_key(key, "sk-coinslot-user-") and is_key(key, "sk-other-", "sk-coinslot-user-")
    assert not is_key(key, "sk-other-")
    assert make_key("sk-coinslot-user-") != key


@pytest.mark.parametrize("place", [-1, -7, 20])
def test_one_wrong_letter_is_no_key(place: int) -> None:
    key = make_key("sk-x-", b"7" * 32)
    letters = list(key)
    letters[place] = next(letter for letter in BASE62 if letter != letters[place])
    assert not is_key("".join(letters), "sk-x-") and not is_key(key + "0", "sk-x-") and not is_key("", "sk-x-")


def test_a_hash_tells_keys_apart_and_nothing_else() -> None:
    key = make_key("sk-x-", b"7" * 32)
    assert hash_key(key) == hash_key(make_key("sk-x-", b"7" * 32)) != hash_key(make_key("sk-x-"))
    assert len(hash_key(key)) == 64 and key not in hash_key(key)


def test_a_signing_secret_is_32_new_bytes() -> None:
    prefix, _, body = make_signing_secret().partition("_")
    assert (prefix, len(base64.b64decode(body, validate=True))) == ("whsec", 32)
    assert make_signing_secret() != make_signing_secret()
