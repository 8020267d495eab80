"""How a key may be written, and what is none of it."""

import base64
import html
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.providers.key_forms import KeyForms, forms_of
from tests.support.growing import ends_in_time, read_much

KEY = "sk-Proj+a1B2/c3D4-e5F6_g7H8i9J0kLmNoPqRsTuVwXyZ=="
FORMS = KeyForms(KEY)

WRITTEN = {
    "itself": KEY,
    "upper": KEY.upper(),
    "lower": KEY.lower(),
    "mixed": KEY.swapcase(),
    "in a header": f"Bearer {KEY}",
    "URL": quote(KEY, safe=""),
    "URL, twice": quote(quote(KEY, safe=""), safe=""),
    "URL, every character": "".join(f"%{ord(character):02X}" for character in KEY),
    "JSON in JSON": json.dumps(json.dumps(KEY)),
    "JSON, every character": "".join(f"\\u{ord(character):04x}" for character in KEY),
    "JSON, some characters": KEY.replace("-", "\\u002D").replace("+", "\\u002b"),
    "HTML": html.escape(KEY),
    "HTML, every character": "".join(f"&#{ord(character)};" for character in KEY),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 of a header": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 of basic authentication": base64.b64encode(f"ab:{KEY}".encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(f"x{KEY}".encode()).decode(),
    "hexadecimal": KEY.encode().hex(),
    "stars": f"{KEY[:7]}{'*' * 20}{KEY[-4:]}",
    "stars for each character": f"{KEY[:3]}{'*' * (len(KEY) - 7)}{KEY[-4:]}",
    "an ellipsis": f"{KEY[:8]}\u2026{KEY[-4:]}",
    "dots": f"{KEY[:5]}...{KEY[-6:]}",
    "bullets": f"\u2022\u2022\u2022\u2022{KEY[-4:]}",
    "crosses": f"{KEY[:6]}XXXXXXXX{KEY[-4:]}",
    "a word": f"{KEY[:8]}[REDACTED]",
    "only the end": f"****{KEY[-4:]}",
    "only the beginning": f"{KEY[:8]}****",
    "cut short": KEY[:30],
    "without its beginning": KEY[-30:],
    "a masked one in upper case": f"{KEY[:7].upper()}***{KEY[-4:].upper()}",
}


def _is_told(text: str) -> bool:
    folded = text.lower()
    return KEY[:8].lower() in folded or KEY[-4:].lower() in folded or KEY[8:30].lower() in folded


@pytest.mark.parametrize("form", WRITTEN)
def test_a_form_of_the_key_is_masked_and_nothing_around_it(form: str) -> None:
    written = WRITTEN[form]
    masked = FORMS.masked_text(f"Wrong key ({written}), try again.")
    assert masked.startswith("Wrong key (") and masked.endswith("), try again.") and "***" in masked
    assert not _is_told(masked) and len(masked) < 60
    assert FORMS.may_stand_in(f'{{"error": "{written}"}}'.encode())
    assert FORMS.may_stand_in_text(f" {written} ".encode())


@pytest.mark.parametrize(
    "text",
    ["a task-based **answer** ... and so on", "sk-...", "sk-****", "the project is 100% done &#8230;", "-" * 40,
     "x" * 40, "Proj", "https://example.org/?a=%20b", "sk-ant-api03-abcdefgh", "Grüße, 世界 \u2026 [redacted]",
     "wxyz", "***"],
)  # fmt: skip
def test_what_only_looks_like_a_key_stays(text: str) -> None:
    assert FORMS.masked_text(text) == text


@pytest.mark.parametrize("key", [None, "", "x", "none", "1234567"])
def test_a_key_that_is_none_or_short_has_no_forms(key: str | None) -> None:
    assert forms_of(key) is None


@given(st.text(min_size=8, max_size=80), st.text(max_size=40), st.text(max_size=40))
def test_no_key_whatever_is_left_in_any_text(key: str, before: str, behind: str) -> None:
    forms = forms_of(key)
    assert forms is not None
    masked = forms.masked_text(before + key + behind)
    assert key not in masked or key in "***"


@pytest.mark.parametrize("form", ["itself", "lower", "stars", "an ellipsis", "dots"])
def test_a_text_that_ends_in_the_middle_of_a_form_waits(form: str) -> None:
    written = f"key {WRITTEN[form]}"
    for end in range(5, len(written)):
        piece = written[:end].encode()
        assert FORMS.unfinished(piece) <= 4 or FORMS.spans(piece)
    assert FORMS.unfinished(b"no key here") == len(b"no key here")


def test_a_text_that_ends_as_a_key_begins_is_found_in_events() -> None:
    assert FORMS.may_begin_in(b'{"choices":[{"delta":{"content":" is s"}}]}')
    assert FORMS.may_begin_in(b'{"choices":[{"delta":{"content":"SK-p", "x":1}}]}')
    assert not FORMS.may_begin_in(b'{"model":"opus","choices":[{"delta":{"content":" it"},"logprobs":null}]}')
    assert not FORMS.may_begin_in(b'{"choices" : [{"logprobs" : null}]}')


LONG = "".join(f"{number:x}k" for number in range(9_000, 11_000))


@ends_in_time
@pytest.mark.parametrize("key", [KEY, LONG[:300], LONG], ids=["short", "long", "longer"])
@pytest.mark.parametrize(
    "around", ["**a", "..a", "{begin}**{end}", "{begin}a", "{end}a", "{half}", "%73", "&#115;", "a"]
)
def test_what_a_host_writes_is_looked_through_in_a_time_that_grows_with_it(key: str, around: str) -> None:
    forms = KeyForms(key)
    piece = around.format(begin=key[:12], end=key[-6:], half=key[: len(key) // 2 + 1]).encode()
    read_much(lambda size: forms.spans(key[:6].encode() + piece * (size // len(piece))), 4_000)


def test_a_long_key_has_its_forms_at_once_and_is_found_in_them() -> None:
    began = time.process_time()
    forms = KeyForms(LONG)
    assert time.process_time() - began < 1
    escaped = "".join(f"\\u{ord(character):04x}" for character in LONG)
    for written in (LONG, LONG[: len(LONG) // 2], LONG[-len(LONG) // 2 - 1 :], escaped, LONG[:20] + "***"):
        assert forms.masked_text(f"It is ({written}), no?") == "It is (***), no?"


@pytest.mark.parametrize("key", ["a" * 300, "ab" * 4_000, "a" * 8_000 + "b" * 8_000])
def test_a_long_key_that_repeats_itself_is_no_secret(key: str) -> None:
    assert forms_of(key) is None


def test_each_of_several_keys_is_masked_whatever_stands_between_them() -> None:
    assert FORMS.masked_text(f"{KEY}{KEY} {KEY[:30]}{KEY} {KEY}{KEY[-30:]}") == "*** *** ***"
