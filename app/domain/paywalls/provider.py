"""A paywall's providers: who answers its requests, where they are, and with whose key they are called."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from app.domain.errors import BadField
from app.domain.money import Environment
from app.domain.paywalls.modes import RULES, Mode

DEMO, BUILT_IN = "demo", "built-in"
PROVIDERS_MAX = 8
_FORBIDDEN_IN_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_FRONTS = frozenset({"api", "www", "openai"})
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,58}[A-Za-z0-9])?", re.ASCII)


_NONE: frozenset[str] = frozenset()
_UNKNOWN_FIELDS: Mapping[str, frozenset[str]] = {
    # Closed to what it does not know (422), and says usage at the end of a stream unasked: docs.mistral.ai/api.
    "api.mistral.ai": frozenset({"stream_options", "max_completion_tokens", "store", "user"}),
    # A limit under this name is left alone there, and then there is none: api-docs.deepseek.com.
    "api.deepseek.com": frozenset({"max_completion_tokens"}),
}
"""What of OpenAI's schema that goes with ordinary requests these hosts do not take."""


class AuthStyle(StrEnum):
    """How a provider's key is sent."""

    BEARER = "bearer"
    """In the header `Authorization`, as OpenAI wants it."""
    API_KEY = "api-key"
    """In the header `api-key`, as Azure wants it."""
    X_API_KEY = "x-api-key"
    """In the header `x-api-key`, as Anthropic wants it."""

    def header(self, key: str) -> tuple[str, str]:
        """Returns name and value of the header that carries a key."""
        return ("Authorization", f"Bearer {key}") if self is AuthStyle.BEARER else (self.value, key)


@dataclass(frozen=True, slots=True)
class ProviderSetting:
    """An upstream that answers for a paywall.

    `name` is `demo`, `built-in` (the operator's key, the operator's address) or the developer's own word.
    `key_sealed` is encrypted, None for a provider without a key; `auth` is the header that carries it, and
    `headers` what is sent beside it. `limit_field` is where an output limit goes if the client set none;
    empty, it is `max_completion_tokens` for OpenAI, Azure and reasoning models and `max_tokens` elsewhere.
    `is_seal_old` says that the key was sealed when a paywall had one provider, whose name was no part of the seal.
    """

    name: str
    base_url: str = ""
    key_sealed: str | None = None
    limit_field: str = ""
    auth: AuthStyle = AuthStyle.BEARER
    headers: tuple[tuple[str, str], ...] = ()
    is_seal_old: bool = False

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> "ProviderSetting":
        """Reads what was stored."""
        headers = tuple((name, value) for name, value in stored.get("headers", ()))
        auth = AuthStyle(stored.get("auth", AuthStyle.BEARER))
        is_seal_old = bool(stored.get("is_seal_old")) and stored.get("key_sealed") is not None
        return ProviderSetting(**{**stored, "auth": auth, "headers": headers, "is_seal_old": is_seal_old})

    @property
    def is_operators(self) -> bool:
        """Whether the operator's key pays."""
        return self.name == BUILT_IN

    @property
    def has_own_key(self) -> bool:
        """Whether it is called with a key of the developer's, if it needs one."""
        return not self.is_operators and self.name != DEMO

    def seal_context(self, paywall_id: str) -> str:
        """Returns what its key is sealed for: this provider of this paywall, and no other."""
        return f"provider_key:{paywall_id}" if self.is_seal_old else f"provider_key:{paywall_id}:{self.name}"

    def with_key_of(self, other: "ProviderSetting") -> "ProviderSetting":
        """Returns it with the key of another one of its name, where that may be sent to its address."""
        if other.name != self.name or origin_of(other.base_url) != origin_of(self.base_url):
            return self
        return replace(self, key_sealed=other.key_sealed, is_seal_old=other.is_seal_old)

    @property
    def unknown_fields(self) -> frozenset[str]:
        """What its host is never sent, because it does not know it."""
        return _UNKNOWN_FIELDS.get(urlsplit(self.base_url).hostname or "", _NONE)

    def limit_field_of(self, is_reasoning: bool) -> str:
        """Returns where an output limit goes."""
        host = urlsplit(self.base_url).hostname or ""
        if self.limit_field:
            return self.limit_field
        if "max_completion_tokens" in self.unknown_fields:
            return "max_tokens"
        is_openai = host == "api.openai.com" or host.endswith(".openai.azure.com")
        return "max_completion_tokens" if is_openai or is_reasoning else "max_tokens"


def origin_of(url: str) -> str | None:
    """Returns the origin of an http or https URL, None for anything else.

    Without a host there is none: browsers read `https:///evil.example` as `https://evil.example`.
    """
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None


def own_at(typed: str) -> ProviderSetting:
    """Returns a developer's own provider, without a key, at an address as it was typed. Raises BadField."""
    address = typed.strip().rstrip("/")
    if origin_of(address) is None:
        raise BadField("base_url", "Enter the address of an OpenAI-compatible API, such as https://api.openai.com/v1.")
    if "@" in urlsplit(address).netloc:
        raise BadField("base_url", "The address may hold no password: it is shown. Enter it as the key.")
    return ProviderSetting(name_of(address), address)


def name_of(address: str) -> str:
    """Returns what a provider at an address is called: `openai` at https://api.openai.com/v1."""
    labels = [part for part in (urlsplit(address).hostname or "").split(".") if part]
    inner = [part for part in labels[:-1] if part not in _FRONTS] or labels[-2:-1] or labels
    name = _FORBIDDEN_IN_NAME.sub("-", inner[-1]).strip("._-") if inner else ""
    return name if name and not name.isdigit() and name.lower() not in (DEMO, BUILT_IN) else "own"


def without_password(url: str, instead: str) -> str:
    """Returns a URL with this in the place of user and password, if it has any."""
    parts = urlsplit(url)
    return (
        parts._replace(netloc=f"{instead}@{parts.netloc.rpartition('@')[2]}").geturl() if "@" in parts.netloc else url
    )


def check_providers(providers: Sequence[ProviderSetting]) -> None:
    """Raises BadField, which names the place in the list, for providers that no paywall can have."""
    if not 1 <= len(providers) <= PROVIDERS_MAX:
        raise BadField("providers", f"`providers` must be 1 to {PROVIDERS_MAX}.")
    names: set[str] = set()
    for place, provider in enumerate(providers):
        _check(provider, f"providers[{place}]")
        # Two that differ in capitals alone would be one for whoever reads a receipt.
        if provider.name.casefold() in names:
            raise BadField(f"providers[{place}].name", f"There are two providers `{provider.name}`.")
        names.add(provider.name.casefold())


def _check(provider: ProviderSetting, place: str) -> None:
    name = provider.name
    if not _NAME.fullmatch(name):
        message = "must be 1 to 60 letters, digits, spaces, `.`, `_` or `-`, with a letter or digit at both ends."
        raise BadField(f"{place}.name", f"`{place}.name` {message}")
    if name.casefold() in (DEMO, BUILT_IN):
        if name not in (DEMO, BUILT_IN):
            raise BadField(f"{place}.name", f"`{name}` reads like `{name.casefold()}`, which is no name of yours.")
    elif (origin := origin_of(provider.base_url)) is None:
        raise BadField(f"{place}.base_url", f"`{place}.base_url` must be an http or https URL.")
    elif "@" in origin:
        raise BadField(f"{place}.base_url", f"`{place}.base_url` may hold no password: it is shown. Set it as the key.")


def check_allowed(mode: Mode, environment: Environment, provider: ProviderSetting, field: str = "provider") -> None:
    """Raises BadField for a provider that this kind of paywall may not have (`decisions.md` 20, 21)."""
    if provider.is_operators and not RULES[mode].may_use_built_in:
        raise BadField(field, f"A paywall in {mode} mode needs a provider of its own.")
    if provider.is_operators and environment is Environment.SANDBOX:
        raise BadField(field, "A sandbox paywall never uses the operator's provider.")
    if provider.name == DEMO and environment is Environment.LIVE:
        raise BadField(field, "The demo provider is for sandbox paywalls.")
