"""Providers: OpenAI-compatible upstreams, who finds them, counts tokens, and renews sign-ins there.

Tests bring typed fakes.
"""

from dataclasses import dataclass
from typing import Protocol

from app.domain.paywalls.provider import AuthStyle, ProviderSetting
from app.ports.redactor import Redactor


@dataclass(frozen=True, slots=True)
class ProviderTarget:
    """Where a request goes: an OpenAI-compatible base URL (…/v1) and the key for it, in memory only.

    A query in the URL (Azure's `api-version`) stays behind every path. `auth` says which header carries the
    key; `headers` are sent beside it and are no secret.
    """

    name: str
    base_url: str
    api_key: str | None
    auth: AuthStyle = AuthStyle.BEARER
    headers: tuple[tuple[str, str], ...] = ()


class ProviderAnswer(Protocol):
    """An answer that has begun: a 2xx status was received."""

    @property
    def content_type(self) -> str:
        """The media type without parameters, as the upstream calls it: any, and not always the right one."""
        ...

    @property
    def redactor(self) -> Redactor | None:
        """What every byte passes before anybody sees it; None where there is no key to keep."""
        ...

    def cleaned(self, error: dict[str, object]) -> dict[str, object]:
        """Returns an error object that the answer holds without secrets, as those of refused requests come."""
        ...

    async def read(self) -> bytes:
        """Returns the next bytes of the body as they arrive, none at its end.

        Raises ProviderFailed when the upstream closes early, breaks off or falls silent for too long.
        """
        ...

    async def close(self) -> None:
        """Cancels what still runs upstream and frees the connection. May be called twice."""
        ...

    async def finish(self) -> None:
        """Says that the answer has come to its end, so that its connection can be used again. Waits for nothing."""
        ...


class ChatProvider(Protocol):
    """An OpenAI-compatible chat completions upstream."""

    async def send(self, target: ProviderTarget, body: bytes) -> ProviderAnswer:
        """Posts a chat completion request and returns once a 2xx status and headers arrived.

        Raises ProviderFailed with the upstream's status and error object for 4xx and 5xx, with status
        None when it cannot be reached, and with `timed_out` when it does not answer in time.
        """
        ...

    async def list_models(self, target: ProviderTarget) -> list[str]:
        """Returns the ids of `GET {base_url}/models`. Raises ProviderFailed."""
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


class Providers(Protocol):
    """Finds who serves a paywall."""

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        """Returns the provider and where it is, its key opened in memory only.

        Raises ProviderFailed for the built-in provider where the operator has none.
        """
        ...

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        """Returns the provider of a setting that has not been saved yet, with its key in clear."""
        ...


class TokenCounter(Protocol):
    """Counts tokens as a model would. Blocking: call it in a thread."""

    def count(self, text: str, model: str) -> int | None:
        """Returns the tokens of `text`, or None for text over 1 MB, where the byte bound stands."""
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint gave (RFC 6749, 6).

    `refresh` is None where the one before goes on, `seconds` where it said no life.
    """

    access: str
    refresh: str | None
    seconds: int | None


class TokenRefresher(Protocol):
    """Exchanges refresh tokens for access tokens, at the endpoints that the operator lists."""

    async def refresh(self, token_url: str, client_id: str, refresh_token: str) -> Tokens:
        """Returns the next tokens, within 30 seconds.

        Raises ProviderFailed: with the endpoint's status where it refused, without one where nobody could be reached;
        with `timed_out`, or status 200, where it may have used the refresh token up all the same.
        """
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...
