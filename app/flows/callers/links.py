"""Links: signed, minted without a write, for one purpose and a time (`decisions.md` 24).

In default mode a top-up link is the credential for the one app wallet that it names; in shared mode a link only
says which app and which of its users it is about, and whoever opens it must sign in.
"""

import base64
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from app.domain import clock
from app.domain.errors import BadField, LinkInvalid
from app.flows.callers.asked import Action, Ask
from app.flows.callers.snapshot import Snapshot

TOPUP_SECONDS = 24 * 3600
CONNECT_SECONDS = 15 * 60
STATE_CHARACTERS_MAX = 1_024
L = TypeVar("L", bound="AppLink")

_OWN_PAGE = re.compile(
    r"/(authorize|topup|menu|order|wallet|activity|credits|usage|settings|dashboard|paywalls|playground|earnings|analytics"
    r"|help|chat)"
    r"(/[A-Za-z0-9._~-]*)*(\?[A-Za-z0-9._~=&-]*)?"
)
_SIGNATURE_BYTES = 16
_ASK_AGAIN = "Ask the app for a new link."


@dataclass(frozen=True, slots=True)
class AppLink:
    """What every link names: an app's user, where to go afterwards, and until when (microseconds)."""

    token: str
    paywall_id: str
    user: str
    return_url: str | None
    state: str | None
    expires_at: int

    def way_back(self, **more: str) -> str | None:
        """Returns where the app wants its user back, with its state and `more`; None if it did not say."""
        added = {**more, **({} if self.state is None else {"state": self.state})}
        if self.return_url is None or not added:
            return self.return_url
        parts = urlsplit(self.return_url)
        query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in added]
        return urlunsplit(parts._replace(query=urlencode([*query, *added.items()])))


@dataclass(frozen=True, slots=True)
class TopupLink(AppLink):
    """A top-up link also says how much is asked for, and how much a message was short of, where that is known."""

    amount_nanos: int | None = None
    short_nanos: int | None = None


@dataclass(frozen=True, slots=True)
class OrderLink(AppLink):
    """A link to an order also says which."""

    order_id: str = ""


class Links:
    """Mints and opens links. The first of the secrets signs, each of them opens what it signed.

    `base_url` is what our own addresses begin with; without one they are of this very host.
    """

    def __init__(self, secrets: Sequence[bytes], base_url: str = "") -> None:
        self._secrets = secrets
        self.base_url = base_url

    def topup_url(
        self,
        snapshot: Snapshot,
        user: str,
        return_url: str | None = None,
        state: str | None = None,
        amount_nanos: int | None = None,
        short_nanos: int | None = None,
    ) -> str:
        """Returns the address of a user's top-up page. Raises BadField as `check_way_back` does."""
        token = self.mint_topup(
            snapshot.paywall_id,
            user,
            return_url=_way_back(snapshot, return_url, state),
            state=state,
            amount_nanos=amount_nanos,
            short_nanos=short_nanos,
        )
        return self.topup_page(token)

    def connect_url(
        self, snapshot: Snapshot, user: str, return_url: str | None = None, state: str | None = None
    ) -> str:
        """Returns the address of a user's consent page. Raises BadField as `check_way_back` does."""
        return_url = _way_back(snapshot, return_url, state)
        return self.connect_page(self.mint_connect(snapshot.paywall_id, user, return_url, state))

    def menu_url(self, snapshot: Snapshot, user: str, return_url: str | None = None, state: str | None = None) -> str:
        """Returns the address of a user's menu. Raises BadField as `check_way_back` does."""
        return_url = _way_back(snapshot, return_url, state)
        return f"{self.base_url}/menu/{self.mint_menu(snapshot.paywall_id, user, return_url, state)}/"

    def order_url(
        self, snapshot: Snapshot, user: str, order_id: str, return_url: str | None = None, state: str | None = None
    ) -> str:
        """Returns the address of an order's page. Raises BadField as `check_way_back` does."""
        return_url = _way_back(snapshot, return_url, state)
        return f"{self.base_url}/order/{self.mint_order(snapshot.paywall_id, user, order_id, return_url, state)}/"

    def ask_url(
        self, snapshot: Snapshot, user: str, ask: Ask, return_url: str | None = None, state: str | None = None
    ) -> str:
        """Returns where a user does what is asked of them: adds what is missing, allows it, or chooses."""
        if ask.action is Action.OWN_KEY and not ask.needs_consent:
            return f"{self.base_url}/settings/#own-keys"
        if ask.action is Action.ORDER:
            return self.order_url(snapshot, user, ask.order_id, return_url, state)
        if snapshot.rules.is_operators:
            return f"{self.base_url}/credits/"
        if ask.action is Action.TOPUP:
            return self.topup_url(snapshot, user, return_url, state, short_nanos=ask.shortfall_nanos or None)
        return self.connect_url(snapshot, user, return_url, state)

    def topup_page(self, token: str) -> str:
        """Returns the address of a top-up page."""
        return f"{self.base_url}/topup/{token}/"

    def connect_page(self, token: str) -> str:
        """Returns the address of a consent page."""
        return f"{self.base_url}/authorize/{token}/"

    def mint_topup(
        self,
        paywall_id: str,
        user: str,
        *,
        return_url: str | None = None,
        state: str | None = None,
        amount_nanos: int | None = None,
        short_nanos: int | None = None,
    ) -> str:
        """Returns a new top-up link's token, good for 24 hours."""
        expires_at = clock.now() + TOPUP_SECONDS * clock.SECOND
        return self._mint("topup", [paywall_id, user, return_url, state, expires_at, amount_nanos, short_nanos])

    def mint_connect(self, paywall_id: str, user: str, return_url: str | None = None, state: str | None = None) -> str:
        """Returns the token of a new link to a consent page, good for 15 minutes."""
        expires_at = clock.now() + CONNECT_SECONDS * clock.SECOND
        return self._mint("connect", [paywall_id, user, return_url, state, expires_at])

    def mint_menu(self, paywall_id: str, user: str, return_url: str | None = None, state: str | None = None) -> str:
        """Returns the token of a new link to a user's menu, good for 24 hours."""
        return self._mint("menu", [paywall_id, user, return_url, state, clock.now() + TOPUP_SECONDS * clock.SECOND])

    def mint_order(
        self, paywall_id: str, user: str, order_id: str, return_url: str | None = None, state: str | None = None
    ) -> str:
        """Returns the token of a new link to an order, good for 24 hours."""
        expires_at = clock.now() + TOPUP_SECONDS * clock.SECOND
        return self._mint("order", [paywall_id, user, return_url, state, expires_at, order_id])

    def open_topup(self, token: str) -> TopupLink:
        """Returns what a top-up link names. Raises LinkInvalid if it is forged, expired or of another purpose."""
        return _unexpired(TopupLink(token, *self._open("topup", token)))

    def open_connect(self, token: str) -> AppLink:
        """Returns what a link to a consent page names. Raises LinkInvalid."""
        return _unexpired(AppLink(token, *self._open("connect", token)))

    def open_menu(self, token: str) -> AppLink:
        """Returns what a link to a menu names. Raises LinkInvalid."""
        return _unexpired(AppLink(token, *self._open("menu", token)))

    def open_order(self, token: str) -> OrderLink:
        """Returns what a link to an order names. Raises LinkInvalid."""
        return _unexpired(OrderLink(token, *self._open("order", token)))

    def mint_cursor(self, values: list[Any]) -> str:
        """Returns a token that says where a list goes on; nobody else can make one."""
        return self._mint("cursor", values)

    def open_cursor(self, token: str) -> list[Any]:
        """Returns the values of a token that says where a list goes on. Raises LinkInvalid."""
        return self._open("cursor", token)

    def _mint(self, purpose: str, values: list[Any]) -> str:
        body = base64.urlsafe_b64encode(json.dumps([purpose, *values], separators=(",", ":")).encode()).rstrip(b"=")
        return f"{body.decode()}.{_signature(self._secrets[0], body)}"

    def _open(self, purpose: str, token: str) -> list[Any]:
        """Returns a token's values once its signature, by any of our secrets, and its purpose are right."""
        body, _, signature = token.partition(".")
        if not token.isascii() or not any(
            hmac.compare_digest(signature, _signature(secret, body.encode())) for secret in self._secrets
        ):
            raise LinkInvalid(f"This link is not one of ours. {_ASK_AGAIN}")
        values: list[Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if values[0] != purpose:
            raise LinkInvalid(f"This link is for something else. {_ASK_AGAIN}")
        return values[1:]


def check_way_back(
    snapshot: Snapshot, return_url: str | None, state: str | None, names: tuple[str, str] = ("return_url", "state")
) -> None:
    """Raises BadField for a return URL that is not of the paywall's own origins, or a state that is too long.

    `names` are what the caller wrote the two as.
    """
    if return_url is not None and not snapshot.configuration.may_return_to(return_url):
        raise BadField(names[0], f"`{names[0]}` must be of an origin that the paywall lists.")
    if state is not None and len(state) > STATE_CHARACTERS_MAX:
        raise BadField(names[1], f"`{names[1]}` may have at most {STATE_CHARACTERS_MAX} characters.")


def _way_back(snapshot: Snapshot, return_url: str | None, state: str | None) -> str | None:
    """Returns where a link leads back to. Raises BadField as `check_way_back` does."""
    check_way_back(snapshot, return_url, state)
    return return_url or snapshot.configuration.app_url or None


def own_page(path: str | None) -> str:
    """Returns where a sign-in leads: to that page if it is one of ours, else to the wallet."""
    return path if path and _OWN_PAGE.fullmatch(path) else "/wallet/"


def _unexpired(link: L) -> L:
    if link.expires_at < clock.now():
        raise LinkInvalid(f"This link has expired. {_ASK_AGAIN}", "link_expired")
    return link


def _signature(secret: bytes, body: bytes) -> str:
    digest = hmac.digest(hmac.digest(secret, b"links", "sha256"), body, "sha256")[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
