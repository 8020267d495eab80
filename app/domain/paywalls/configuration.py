"""The configuration of a paywall: what a developer publishes, with prices, as one version (`versions.py`)."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from app.domain.errors import BadField, NotFound
from app.domain.money import Environment
from app.domain.paywalls.limits import PaywallLimits, check_paywall_limits
from app.domain.paywalls.messages import check_messages
from app.domain.paywalls.modes import RULES, Mode
from app.domain.paywalls.paywall import Paywall, to_paywall
from app.domain.paywalls.tables import PaywallRow, PaywallVersion

DEMO, BUILT_IN = "demo", "built-in"
APP_TEXT_CHARACTERS_MAX = 140
URL_CHARACTERS_MAX = 2_000


class Disconnect(StrEnum):
    """What becomes of an answer and its charge when the client goes away in the middle of it (`decisions.md` 4)."""

    CANCEL = "cancel"
    """It is cancelled upstream, and what had been delivered is charged."""
    DRAIN = "drain"
    """It is carried to its end and charged; so is every answer with an Idempotency-Key, which is kept for the retry."""
    FREE = "free"
    """It is cancelled upstream, and nothing is charged."""


class UserFrom(StrEnum):
    """Which place of a request names its end user.

    An app that passes on whole bodies of its users lets them name each other, unless it is `header` or `url`.
    """

    ANY = "any"
    """The body, else the header, else the URL."""
    HEADER = "header"
    """The header `X-Paywall-User` alone."""
    URL = "url"
    """The URL alone, /v1/{user}/…."""


class UserPlace(StrEnum):
    """The place of a request that named its end user."""

    BODY = "body"
    """Its field `user`; the query of a GET stands for the body."""
    HEADER = "header"
    """The header `X-Paywall-User`."""
    URL = "url"
    """The URL, /v1/{user}/…."""


class AuthStyle(StrEnum):
    """How a provider's key is sent."""

    BEARER = "bearer"
    """In the header `Authorization`, as OpenAI wants it."""
    API_KEY = "api-key"
    """In the header `api-key`, as Azure wants it."""

    def header(self, key: str) -> tuple[str, str]:
        """Returns name and value of the header that carries a key."""
        return ("api-key", key) if self is AuthStyle.API_KEY else ("Authorization", f"Bearer {key}")


_CHOICES: tuple[tuple[str, type[StrEnum], str], ...] = (
    ("disconnect", Disconnect, "`disconnect` must be cancel, drain or free."),
    ("user_from", UserFrom, "`user_from` must be any, header or url."),
)


@dataclass(frozen=True, slots=True)
class ProviderSetting:
    """Which upstream serves the paywall.

    `name` is `demo`, `built-in` (the operator's key, the operator's address) or the developer's own word.
    `key_sealed` is encrypted, None for a provider without a key; `auth` is the header that carries it, and
    `headers` what is sent beside it. `limit_field` is where an output limit goes if the client set none;
    empty, it is `max_completion_tokens` for OpenAI, Azure and reasoning models and `max_tokens` elsewhere.
    """

    name: str
    base_url: str = ""
    key_sealed: str | None = None
    limit_field: str = ""
    auth: AuthStyle = AuthStyle.BEARER
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def is_operators(self) -> bool:
        """Whether the operator's key pays."""
        return self.name == BUILT_IN

    @property
    def has_own_key(self) -> bool:
        """Whether it is called with a key of the developer's, if it needs one."""
        return not self.is_operators and self.name != DEMO

    def limit_field_of(self, is_reasoning: bool) -> str:
        """Returns where an output limit goes."""
        host = urlsplit(self.base_url).hostname or ""
        if self.limit_field:
            return self.limit_field
        is_openai = host == "api.openai.com" or host.endswith(".openai.azure.com")
        return "max_completion_tokens" if is_openai or is_reasoning else "max_tokens"


@dataclass(frozen=True, slots=True)
class ResponderSetting:
    """The developer's endpoint that writes messages, and the secret that signs what it is sent, encrypted."""

    url: str
    secret_sealed: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """One version. `messages` are templates by event; `return_origins` where links may lead back to. Where there
    is a `responder`, it is asked for the message first.

    `disconnect` says what happens when a client goes away in the middle of an answer (`decisions.md` 4),
    `markup_basis_points` what is added to the catalogue's prices. In shared mode `needs_confirmation` makes a
    consent count only once the app has confirmed it (`decisions.md` 25); `app_text` is a line of the app's own
    that the consent page shows. `limits` are nobody's until the developer sets some.
    """

    app_name: str
    provider: ProviderSetting
    app_url: str = ""
    return_origins: tuple[str, ...] = ()
    messages: dict[str, str] = field(default_factory=dict)
    is_strict: bool = False
    disconnect: Disconnect = Disconnect.CANCEL
    markup_basis_points: int = 0
    needs_confirmation: bool = False
    app_text: str = ""
    responder: ResponderSetting | None = None
    limits: PaywallLimits = field(default_factory=PaywallLimits)
    user_from: UserFrom = UserFrom.ANY

    def to_json(self) -> dict[str, Any]:
        """Returns what is stored."""
        return asdict(self)

    @staticmethod
    def from_json(stored: dict[str, Any]) -> "Configuration":
        """Reads what was stored."""
        headers = tuple((name, value) for name, value in stored["provider"].get("headers", ()))
        auth = AuthStyle(stored["provider"].get("auth", AuthStyle.BEARER))
        provider = ProviderSetting(**{**stored["provider"], "auth": auth, "headers": headers})
        responder = ResponderSetting(**stored["responder"]) if stored.get("responder") else None
        limits = PaywallLimits.from_json(stored.get("limits", {}))
        origins = tuple(stored["return_origins"])
        disconnect = Disconnect(stored.get("disconnect", Disconnect.CANCEL))
        user_from = UserFrom(stored.get("user_from", UserFrom.ANY))
        return Configuration(**{**stored, "provider": provider, "return_origins": origins, "responder": responder,
                                "limits": limits, "disconnect": disconnect, "user_from": user_from})  # fmt: skip

    def may_return_to(self, url: str) -> bool:
        """Tells whether a link may lead back to this URL: only to the paywall's own origins."""
        origin = origin_of(url)
        return origin is not None and origin in {*self.return_origins, origin_of(self.app_url)}


def origin_of(url: str) -> str | None:
    """Returns the origin of an http or https URL, None for anything else.

    Without a host there is none: browsers read `https:///evil.example` as `https://evil.example`.
    """
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None


def check(configuration: Configuration) -> None:
    """Raises BadField for a configuration that cannot be published."""
    if not 1 <= len(configuration.app_name) <= 60:
        raise BadField("app_name", "`app_name` must have 1 to 60 characters.")
    if len(configuration.app_text) > APP_TEXT_CHARACTERS_MAX or not configuration.app_text.isprintable():
        raise BadField("app_text", f"`app_text` must be one line of at most {APP_TEXT_CHARACTERS_MAX} characters.")
    for name, kind, message in _CHOICES:
        if not isinstance(getattr(configuration, name), kind):
            raise BadField(name, message)
    check_messages(configuration.messages)
    check_paywall_limits(configuration.limits)
    has_address = configuration.provider.name not in (DEMO, BUILT_IN)
    for name in ("app_url", *(("provider.base_url",) if has_address else ())):
        url = configuration.app_url if name == "app_url" else configuration.provider.base_url
        if (url or name != "app_url") and origin_of(url) is None:
            raise BadField(name, f"`{name}` must be an http or https URL.")


def check_provider(mode: Mode, environment: Environment, provider: ProviderSetting) -> None:
    """Raises BadField for a provider that this kind of paywall may not have (`decisions.md` 20, 21)."""
    if provider.is_operators and not RULES[mode].may_use_built_in:
        raise BadField("provider", f"A paywall in {mode} mode needs a provider of its own.")
    if provider.is_operators and environment is Environment.SANDBOX:
        raise BadField("provider", "A sandbox paywall never uses the operator's provider.")
    if provider.name == DEMO and environment is Environment.LIVE:
        raise BadField("provider", "The demo provider is for sandbox paywalls.")


def check_responder(environment: Environment, responder: ResponderSetting | None) -> None:
    """Raises BadField for an address that messages cannot be asked for at; a live paywall's is HTTPS."""
    if responder is None:
        return
    url, needed = responder.url, "https" if environment is Environment.LIVE else "http or https"
    origin = origin_of(url) if len(url) <= URL_CHARACTERS_MAX and url.isascii() and url.isprintable() else None
    if origin is None or not origin.startswith("https://" if needed == "https" else "http") or " " in url:
        raise BadField("responder.url", f"`responder.url` must be an {needed} URL.")
    if "@" in origin:
        raise BadField("responder.url", "`responder.url` may hold no password: what is sent there is signed.")


def epoch_subject(paywall_id: str) -> str:
    """Returns the subject of the ledger epoch that each publication bumps."""
    return f"paywall:{paywall_id}"


def read_current(session: Session, paywall_id: str) -> tuple[Paywall, Configuration]:
    """Returns a paywall and its published version. Raises NotFound."""
    row = session.get(PaywallRow, paywall_id)
    if row is None:
        raise NotFound(f"There is no paywall {paywall_id}.")
    version = session.get(PaywallVersion, (paywall_id, row.version))
    if version is None:
        raise NotFound(f"{paywall_id} has no version {row.version}.")
    return to_paywall(row), Configuration.from_json(version.config)
