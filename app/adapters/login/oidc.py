"""Signing in with any OIDC provider: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, 3.1).

What the provider is, it says itself at `/.well-known/openid-configuration`; only its issuer address is configured.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.httpx_client.oauth2_client import httpx2 as authlibs_httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.domain.errors import CoinslotError, ProviderFailed
from app.ports.login import Login, LoginStart
from app.ports.seal import Sealer

log = structlog.get_logger()
SECONDS_MAX = 10
SCOPE = "openid email"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
LEEWAY_SECONDS = 60
METADATA_SECONDS = 3600
SUBJECT_CHARACTERS_MAX = 255
UNREACHABLE = (httpx.HTTPError, authlibs_httpx.HTTPError)
"""Authlib speaks httpx, or its successor where that is installed, whose errors are others."""
BASIC, POST = "client_secret_basic", "client_secret_post"


class OidcLogin:
    """One provider. `now` gives seconds since 1970; `sealer` seals what the browser keeps meanwhile."""

    def __init__(
        self, name: str, issuer: str, client_id: str, client_secret: str, sealer: Sealer, now: Callable[[], int]
    ) -> None:
        self._name = name
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._sealer = sealer
        self._now = now
        self._metadata: tuple[int, Mapping[str, Any]] | None = None

    async def begin(self, redirect_uri: str) -> LoginStart:
        """Returns where to send the browser. Raises ProviderFailed."""
        metadata = await self._read_metadata()
        nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        async with self._client(redirect_uri, metadata) as client:
            url, state = client.create_authorization_url(
                metadata["authorization_endpoint"], nonce=nonce, code_verifier=verifier,
                code_challenge=create_s256_code_challenge(verifier), code_challenge_method="S256",
            )  # fmt: skip
        kept = json.dumps([state, nonce, verifier])
        return LoginStart(url, self._sealer.seal(kept, self._context))

    async def finish(self, redirect_uri: str, kept: str, answer_url: str) -> Login:
        """Returns who came back, once everything that protects the way is right. Raises ProviderFailed."""
        try:
            state, nonce, verifier = json.loads(self._sealer.open(kept, self._context))
        except (CoinslotError, ValueError):
            raise ProviderFailed("This sign-in was not begun in this browser, or too long ago.") from None
        answer = {name: values[0] for name, values in parse_qs(urlsplit(answer_url).query).items()}
        # As bytes: of texts, only ASCII can be compared, and the answer's is anybody's.
        if not secrets.compare_digest(answer.get("state", "").encode(errors="replace"), str(state).encode()):
            raise ProviderFailed("This sign-in was not begun in this browser.")
        if "code" not in answer:
            raise ProviderFailed("The sign-in was cancelled.")
        metadata = await self._read_metadata()
        try:
            async with self._client(redirect_uri, metadata) as client:
                token = await client.fetch_token(
                    metadata["token_endpoint"], code=answer["code"], code_verifier=verifier,
                    grant_type="authorization_code",
                )  # fmt: skip
            claims = await self._claims(metadata, str(token.get("id_token", "")), nonce)
            said = await self._said_of_email(metadata, claims, str(token.get("access_token", "")))
        except (AuthlibBaseError, JoseError, *UNREACHABLE, ValueError, KeyError, TypeError) as error:
            log.warning("sign-in", issuer=self._issuer, step="answer", error=type(error).__name__)
            raise ProviderFailed("The provider's answer could not be trusted.") from error
        email = said.get("email")
        is_text = isinstance(email, str) and email.isprintable()
        is_verified = said.get("email_verified") in (True, "true")
        return Login(self._issuer, str(claims["sub"]), email if is_text else None, is_verified)

    async def _said_of_email(
        self, metadata: Mapping[str, Any], claims: Mapping[str, Any], access_token: str
    ) -> Mapping[str, Any]:
        """Returns what names the e-mail address: the ID token, or userinfo where that alone does.

        Many providers put scopes' claims there only (OpenID Connect Core 1.0, 5.4). Both parts are taken from one
        place, and userinfo is believed only of the subject that the ID token names (5.3.2).
        """
        endpoint = metadata.get("userinfo_endpoint")
        is_said = bool(claims.get("email")) and "email_verified" in claims
        if is_said or not isinstance(endpoint, str) or not access_token:
            return claims
        try:
            found = await self._get(endpoint, {"Authorization": f"Bearer {access_token}"})
        except (httpx.HTTPError, ValueError):
            return claims  # who it is, is known all the same; the address is asked for
        if found.get("sub") != claims["sub"]:
            raise ValueError("Userinfo is of somebody else.")
        return found if found.get("email") else claims

    async def _claims(self, metadata: Mapping[str, Any], id_token: str, nonce: str) -> Mapping[str, Any]:
        """Returns the claims of an ID token once its signature, issuer, audience, time and nonce are right."""
        keys = KeySet.import_key_set(await self._get(metadata["jwks_uri"]))  # type: ignore[arg-type]
        claims = jwt.decode(id_token, keys, algorithms=ALGORITHMS).claims
        registry = jwt.JWTClaimsRegistry(
            now=self._now(), leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": metadata["issuer"]}, aud={"essential": True, "value": self._client_id},
            exp={"essential": True}, sub={"essential": True}, nonce={"essential": True, "value": nonce},
        )  # fmt: skip
        registry.validate(claims)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= SUBJECT_CHARACTERS_MAX or not subject.isprintable():
            raise ValueError("The token names nobody.")
        if claims.get("azp", self._client_id) != self._client_id:
            raise ValueError("The token is for another client.")
        return claims

    async def _read_metadata(self) -> Mapping[str, Any]:
        if self._metadata is None or self._metadata[0] + METADATA_SECONDS < self._now():
            try:
                found = await self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            except (httpx.HTTPError, ValueError) as error:
                log.warning("sign-in", issuer=self._issuer, step="metadata", error=type(error).__name__)
                raise ProviderFailed(f"{self._name} cannot be reached to sign in.") from error
            if str(found.get("issuer", "")).rstrip("/") != self._issuer.rstrip("/"):
                raise ProviderFailed(f"{self._name} says that it is another issuer than the one configured.")
            self._metadata = (self._now(), found)
        return self._metadata[1]

    async def _get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=SECONDS_MAX) as client:
            answer = await client.get(url, headers=headers)
            found = answer.raise_for_status().json()
        if not isinstance(found, dict):
            raise ValueError("The answer is no object.")
        return found

    def _client(self, redirect_uri: str, metadata: Mapping[str, Any]) -> Any:
        return AsyncOAuth2Client(
            self._client_id, self._client_secret or None, scope=SCOPE, redirect_uri=redirect_uri, timeout=SECONDS_MAX,
            token_endpoint_auth_method=self._authentication(metadata),
        )  # fmt: skip

    def _authentication(self, metadata: Mapping[str, Any]) -> str:
        """Returns how the secret is sent: as the provider says it takes it, else as it must by the standard."""
        if not self._client_secret:
            return "none"
        taken = metadata.get("token_endpoint_auth_methods_supported")
        is_post_only = isinstance(taken, list) and BASIC not in taken and POST in taken
        return POST if is_post_only else BASIC

    @property
    def _context(self) -> str:
        return f"oidc:{self._name}"
