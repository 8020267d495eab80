"""The configuration of a paywall: what a developer publishes, with prices, as one version (`versions.py`)."""

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from app.domain.errors import BadField, NotFound
from app.domain.money import Environment
from app.domain.paywalls.limits import PaywallLimits, check_paywall_limits
from app.domain.paywalls.messages import check_messages
from app.domain.paywalls.paywall import Paywall, to_paywall
from app.domain.paywalls.provider import ProviderSetting, check_providers, origin_of
from app.domain.paywalls.tables import PaywallRow, PaywallVersion
from app.sql.once import once

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


_CHOICES: tuple[tuple[str, type[StrEnum], str], ...] = (
    ("disconnect", Disconnect, "`disconnect` must be cancel, drain or free."),
    ("user_from", UserFrom, "`user_from` must be any, header or url."),
)


@dataclass(frozen=True, slots=True)
class ResponderSetting:
    """The developer's endpoint that writes messages, and the secret that signs what it is sent, encrypted."""

    url: str
    secret_sealed: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """One version. `providers` answer its requests, each model's the one that its price names, and the first those that
    name none. `messages` are templates by event; `return_origins` where links may lead back to. Where there is a
    `responder`, it is asked for the message first.

    `disconnect` says what happens when a client goes away in the middle of an answer (`decisions.md` 4),
    `markup_basis_points` what is added to the catalogue's prices. In shared mode `needs_confirmation` makes a
    consent count only once the app has confirmed it (`decisions.md` 25); `app_text` is a line of the app's own
    that the consent page shows. `limits` are nobody's until the developer sets some.
    """

    app_name: str
    providers: tuple[ProviderSetting, ...]
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
        kept = dict(stored)
        # One that was stored before there were several is the only one, and its key was sealed for the paywall alone.
        before = kept.pop("provider", None)
        providers = kept.pop("providers") if before is None else [{**before, "is_seal_old": True}]
        responder = ResponderSetting(**stored["responder"]) if stored.get("responder") else None
        limits = PaywallLimits.from_json(stored.get("limits", {}))
        origins = tuple(stored["return_origins"])
        disconnect = Disconnect(stored.get("disconnect", Disconnect.CANCEL))
        user_from = UserFrom(stored.get("user_from", UserFrom.ANY))
        return Configuration(**{**kept, "providers": tuple(map(ProviderSetting.from_json, providers)),
                                "return_origins": origins, "responder": responder, "limits": limits,
                                "disconnect": disconnect, "user_from": user_from})  # fmt: skip

    def find_provider(self, name: str | None) -> ProviderSetting | None:
        """Returns the provider of that name, the default for None; None if there is no such one (any more)."""
        if name is None:
            return self.providers[0]
        return next((provider for provider in self.providers if provider.name == name), None)

    def provider_of(self, name: str | None) -> ProviderSetting:
        """Returns the provider of that name, the default for None. Raises BadField."""
        found = self.find_provider(name)
        if found is None:
            raise BadField("provider", f"This paywall has no provider `{str(name)[:80]}`.")
        return found

    def with_keys_of(self, other: "Configuration") -> "Configuration":
        """Returns it with the other's keys and secret, as far as they are for the same names and addresses there."""
        mine, theirs = self.responder, other.responder
        if mine is not None and theirs is not None and origin_of(mine.url) == origin_of(theirs.url):
            mine = replace(mine, secret_sealed=theirs.secret_sealed)
        return replace(self, responder=mine, providers=tuple(
            provider if (newer := other.find_provider(provider.name)) is None else provider.with_key_of(newer)
            for provider in self.providers
        ))  # fmt: skip

    def as_stored(self, name: str) -> str | None:
        """Returns what a price stores of its provider's name: nothing of the default's. Raises BadField."""
        return None if self.provider_of(name) is self.providers[0] else name

    def may_return_to(self, url: str) -> bool:
        """Tells whether a link may lead back to this URL: only to the paywall's own origins."""
        origin = origin_of(url)
        return origin is not None and origin in {*self.return_origins, origin_of(self.app_url)}


def check(configuration: Configuration, before: Configuration | None = None) -> None:
    """Raises BadField for a configuration that cannot be published in the place of another one.

    A name and providers that stay as they are may: a rule that is younger than they are keeps nobody from all else.
    """
    if before is None or configuration.app_name != before.app_name:
        _check_name(configuration.app_name)
    if len(configuration.app_text) > APP_TEXT_CHARACTERS_MAX or not configuration.app_text.isprintable():
        raise BadField("app_text", f"`app_text` must be one line of at most {APP_TEXT_CHARACTERS_MAX} characters.")
    for name, kind, message in _CHOICES:
        if not isinstance(getattr(configuration, name), kind):
            raise BadField(name, message)
    check_messages(configuration.messages)
    check_paywall_limits(configuration.limits)
    if before is None or configuration.providers != before.providers:
        check_providers(configuration.providers)
    if configuration.app_url and origin_of(configuration.app_url) is None:
        raise BadField("app_url", "`app_url` must be an http or https URL.")


def _check_name(name: str) -> None:
    """Raises BadField for a name that nobody sees, or that turns the words around it about: people consent to it."""
    if not 1 <= len(name) <= 60 or not name.isprintable() or not name.strip():
        raise BadField("app_name", "`app_name` must have 1 to 60 characters. Each must be one that can be seen.")


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
    return once(session, (read_current, paywall_id), lambda: _read_current(session, paywall_id))


def _read_current(session: Session, paywall_id: str) -> tuple[Paywall, Configuration]:
    row = session.get(PaywallRow, paywall_id)
    if row is None:
        raise NotFound(f"There is no paywall {paywall_id}.")
    version = session.get(PaywallVersion, (paywall_id, row.version))
    if version is None:
        raise NotFound(f"{paywall_id} has no version {row.version}.")
    return to_paywall(row), Configuration.from_json(version.config)
