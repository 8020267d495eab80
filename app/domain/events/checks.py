"""What a developer may ask of a subscription. Every refusal names the field."""

import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from app.domain.errors import BadField

URL_CHARACTERS_MAX = 2_048
DESCRIPTION_CHARACTERS_MAX = 512
HEADERS_MAX = 20
HEADER_CHARACTERS_MAX = 1_024
OVERLAP_SECONDS_MAX = 7 * 24 * 3600

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS = frozenset({"host", "connection", "content-length", "content-type", "content-encoding", "transfer-encoding",
                   "te", "trailer", "upgrade", "expect", "user-agent", "x-paywall-event"})  # fmt: skip


def check_secret(value: object) -> str:
    """Returns a secret of the developer's own: `whsec_` and the base64 of 24 to 64 bytes. Raises BadField."""
    _, prefix, text = value.partition("whsec_") if isinstance(value, str) else ("", "", "")
    try:
        size = len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not isinstance(value, str) or value != prefix + text or not 24 <= size <= 64:
        raise BadField("secret", "`secret` must be `whsec_` and the base64 of 24 to 64 random bytes; without one, "
                                 "we make one.")  # fmt: skip
    return value


def check_url(value: object, *, is_live: bool) -> str:
    """Returns where to deliver to: an https URL; outside live paywalls http will do. Raises BadField."""
    schemes = ("https",) if is_live else ("https", "http")
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        is_good = parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        is_good = False
    if not isinstance(value, str) or not is_good or not _is_plain(value) or len(value) > URL_CHARACTERS_MAX:
        wanted = "an https" if is_live else "an https or http"
        raise BadField("url", f"`url` must be {wanted} URL of at most {URL_CHARACTERS_MAX} characters, without a "
                              "user name.")  # fmt: skip
    return value


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def check_description(value: object) -> str | None:
    """Returns a line for the developer's own eyes. Raises BadField."""
    is_line = isinstance(value, str) and value.isprintable() and len(value) <= DESCRIPTION_CHARACTERS_MAX
    if value is None or (isinstance(value, str) and is_line):
        return value
    message = f"`description` must be one line of at most {DESCRIPTION_CHARACTERS_MAX} characters."
    raise BadField("description", message)


def check_headers(value: object) -> Mapping[str, str]:
    """Returns headers that are sent with each delivery; none that we or HTTP set. Raises BadField."""
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > HEADERS_MAX:
        raise BadField("customHeaders", f"`customHeaders` must be an object of at most {HEADERS_MAX} headers.")
    for name, content in value.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS or name.lower().startswith("webhook-"):
            raise BadField("customHeaders", f"`customHeaders`: {name[:100]!r} is no header that you may set.")
        is_value = isinstance(content, str) and content.isascii() and (content.isprintable() or not content)
        if not is_value or len(content) > HEADER_CHARACTERS_MAX:
            message = f"`customHeaders`: {name!r} must be a string of at most {HEADER_CHARACTERS_MAX} ASCII characters."
            raise BadField("customHeaders", message)
    return dict(value)


def check_overlap(value: object, default: int) -> int:
    """Returns for how many seconds two secrets sign. Raises BadField."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= OVERLAP_SECONDS_MAX:
        message = f"`overlapSeconds` must be a whole number from 0 to {OVERLAP_SECONDS_MAX}."
        raise BadField("overlapSeconds", message)
    return value
