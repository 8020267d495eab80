"""Login: people who have an account elsewhere."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Login:
    """Who an OIDC provider says is there; `subject` is its own name for them."""

    issuer: str
    subject: str
    email: str | None
    is_email_verified: bool


@dataclass(frozen=True, slots=True)
class LoginStart:
    """Where a browser is sent to sign in, and what it keeps, sealed by us, until it comes back."""

    url: str
    kept: str


class LoginProvider(Protocol):
    """Signs people in who have an account elsewhere."""

    async def begin(self, redirect_uri: str) -> LoginStart:
        """Returns where to send the browser. Raises ProviderFailed."""
        ...

    async def finish(self, redirect_uri: str, kept: str, answer_url: str) -> Login:
        """Returns who came back, once state, PKCE, signature, audience and nonce are right. Raises ProviderFailed."""
        ...


@dataclass(frozen=True, slots=True)
class LoginWay:
    """A provider to sign in with, what people call it, and whether the addresses that it calls verified are proven."""

    provider: LoginProvider
    label: str
    trusts_email: bool
