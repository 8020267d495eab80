"""The OIDC providers with which people sign in here, by name, and where their sign-ins elsewhere are renewed."""

from collections.abc import Mapping

from app.adapters.providers.token_endpoint import TokenEndpoint
from app.domain import clock
from app.ports.login import LoginWay
from app.ports.seal import Sealer
from app.settings import Settings


def logins_of(settings: Settings, box: Sealer) -> Mapping[str, LoginWay]:
    """Returns how one signs in with each provider that the operator has named."""
    from app.adapters.login.oidc import OidcLogin  # takes half a second, and few instances have one

    ways = {}
    for chosen in settings.oidc:
        secret = chosen.client_secret.get_secret_value()
        provider = OidcLogin(chosen.name, chosen.issuer, chosen.client_id, secret, box, now_seconds)
        ways[chosen.name] = LoginWay(provider, chosen.label, chosen.trusts_email)
    return ways


def endpoint_of(settings: Settings) -> TokenEndpoint:
    """Returns who asks token endpoints."""
    return TokenEndpoint(allow_private=settings.allow_private_addresses)


def now_seconds() -> int:
    """Returns the time in seconds since 1970."""
    return clock.now() // clock.SECOND
