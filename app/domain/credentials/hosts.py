"""Hosts of own keys: the well-known ones by the name that programs call them, and which addresses a key may go to."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.domain.errors import BadField
from app.domain.paywalls.provider import BUILT_IN, AuthStyle, origin_of

URL_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class Preset:
    """A well-known host: how it is called, where it is, how its key is sent, and whose models it serves.

    `vendor` is how catalogues write it before a slash; empty for a host that serves many vendors' models, whose list
    names them as catalogues do. `headers` are what its own guide asks every caller for.
    """

    name: str
    label: str
    base_url: str
    vendor: str = ""
    auth: AuthStyle = AuthStyle.BEARER
    headers: tuple[tuple[str, str], ...] = ()


_ALL = (
    Preset("openai", "OpenAI", "https://api.openai.com/v1", "openai"),
    Preset("openrouter", "OpenRouter", "https://openrouter.ai/api/v1"),
    Preset("anthropic", "Anthropic", "https://api.anthropic.com/v1", "anthropic", AuthStyle.X_API_KEY,
           (("anthropic-version", "2023-06-01"),)),
    Preset("google", "Google Gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "google"),
    Preset("mistral", "Mistral", "https://api.mistral.ai/v1", "mistralai"),
    Preset("groq", "Groq", "https://api.groq.com/openai/v1"),
    Preset("xai", "xAI", "https://api.x.ai/v1", "x-ai"),
    Preset("deepseek", "DeepSeek", "https://api.deepseek.com/v1", "deepseek"),
)  # fmt: skip
PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _ALL}
_BY_HOST: Mapping[str, Preset] = {urlsplit(preset.base_url).netloc: preset for preset in _ALL}


def preset_at(base_url: str) -> Preset | None:
    """Returns what is known of the host that an address leads to."""
    return _BY_HOST.get(urlsplit(base_url).netloc.lower())


def vendor_at(base_url: str) -> str:
    """Returns whose models a host serves, as catalogues write it; empty where nothing is known of it."""
    known = preset_at(base_url)
    return "" if known is None else known.vendor


def headers_at(base_url: str) -> tuple[tuple[str, str], ...]:
    """Returns what a host asks every caller to send beside the key."""
    known = preset_at(base_url)
    return () if known is None else known.headers


def check_address(typed: str, *, may_be_plain: bool, field: str = "base_url") -> str:
    """Returns an address that a key may be sent to. Raises BadField.

    It is https, so that nobody on the way reads the key; `may_be_plain` allows http, for hosts of one's own network.
    """
    address = typed.strip().rstrip("/")
    origin = origin_of(address) if len(address) <= URL_CHARACTERS_MAX and address.isprintable() else None
    if origin is None or " " in address:
        raise BadField(field, "Enter the address of an OpenAI-compatible API, such as https://api.openai.com/v1.")
    if "@" in origin:
        raise BadField(field, "The address may hold no password: it is shown. Enter it as the key.")
    if "?" in address or "#" in address:
        raise BadField(field, "The address may have no query: keys are sent in a header alone.")
    if not may_be_plain and not origin.startswith("https://"):
        raise BadField(field, "The address must begin with https://, so that nobody on the way can read the key.")
    return address


def check_name(typed: str) -> str:
    """Returns what a credential is called: small letters, digits, `-`, `_` and `.`, up to 40. Raises BadField."""
    name = typed.strip().lower()
    inner = name.replace("-", "").replace("_", "").replace(".", "")
    if not (1 <= len(name) <= 40 and inner.isascii() and inner.isalnum()) or name == BUILT_IN:
        raise BadField("provider", "Name it with up to 40 letters, digits, `-`, `_` or `.`, such as openai.")
    return name
