"""Takes secrets out of what an upstream wrote, before anybody sees it."""

import json
import re

from app.adapters.providers.key_forms import forms_of

MASK = "***"
DEPTH_MAX = 8
_SAFE_INTEGER = 2**53
_KNOWN_FORMS = re.compile(
    r"""(?ix)
    \bBearer\s+(?=\S*[\d._+/=-])[^\s"',]{6,}         # an Authorization header
    | \b(?:sk|pk|rk|xai|gsk|hf|r8)[-_][\w\-*.…]{4,}   # keys of the usual providers, also half masked ones
    | \bAIza[\w\-*]{8,}
    """
)
_WORD = re.compile(r"""[^\s"'`(),:]{3,}""")
"""Taken whole: a form that looks for a mask from each of its letters takes the square of its length."""


def clean_text(text: str, secret: str | None = None) -> str:
    """Returns `text` without `secret` and without anything that looks like a key, as Unicode that can be kept.

    PostgreSQL's texts hold no NUL.
    """
    if secret and (forms := forms_of(secret)) is not None:
        text = forms.masked_text(text)
    elif secret:  # one as short as `x` or `none` only where it stands alone, or no text would be left
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
    return _WORD.sub(_masked, _KNOWN_FORMS.sub(MASK, text)).encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _masked(word: re.Match[str]) -> str:
    """Returns a word; the mask for whatever the upstream masked, with the ends that it left."""
    return MASK if MASK in word[0] else word[0]


def clean_object(value: dict[str, object], secret: str | None = None) -> dict[str, object]:
    """Returns a parsed JSON object with every string in it cleaned, safe to be written as JSON again.

    What is nested deeper than 8 levels is left out; numbers that JSON or a reader of it cannot hold
    become strings or null.
    """
    return {clean_text(key, secret): _clean(item, secret, DEPTH_MAX) for key, item in value.items()}


def _clean(value: object, secret: str | None, depth: int) -> object:
    match value:
        case None | bool():
            return value
        case str():
            return clean_text(value, secret)
        case int():
            return value if abs(value) < _SAFE_INTEGER else str(value)
        case float():
            return value if json.dumps(value) not in ("NaN", "Infinity", "-Infinity") else None
        case dict() if depth > 0:
            return {clean_text(str(key), secret): _clean(item, secret, depth - 1) for key, item in value.items()}
        case list() if depth > 0:
            return [_clean(item, secret, depth - 1) for item in value]
    return None
