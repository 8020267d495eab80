"""Stripe's SDK behind a wall of ours: the only file that knows it. Its errors come out as ours, its calls in step.

One client for each event loop, because a connection belongs to the loop that opened it. Calls to one account are spaced
to 20 a second for all processes together, far from Stripe's limit of 25 in test mode; Stripe's "too many" is waited
out and is no answer. A call that may be made again carries an idempotency key: of a caller's own where it moves money,
the SDK's within one call otherwise, so that its one repetition after a broken connection does nothing twice.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

import httpx
import stripe
import structlog

from app.domain import clock
from app.domain.errors import CoinslotError, Unavailable
from app.ports.rail_errors import CallRefused, CardDeclined, Decline, KeyRefused, ObjectMissing

log = structlog.get_logger()
T = TypeVar("T")

API_VERSION = stripe.api_version
"""The version of Stripe's API that this SDK speaks; our webhook endpoints are made for it."""
CALLS_A_SECOND = 20
CONNECT_SECONDS_MAX, ANSWER_SECONDS_MAX = 4, 12
"""How long a call may take to reach Stripe, and then to be answered; a bank may be asked meanwhile."""
RETRIES = 1
"""How often the SDK repeats a call whose connection broke, or that Stripe says to repeat."""
BUSY_PAUSES_SECONDS = (0.5, 1, 2)
"""How long an account is left alone after each "too many" in a row; after the last, the caller hears of it."""
CLIENTS_MAX = 256
_PERMISSION, _ACCOUNT = re.compile(r"rak_[a-z0-9_]+"), re.compile(r"acct_\w+")

StripeClient = stripe.StripeClient
CheckoutSession = stripe.checkout.Session
PaymentIntent = stripe.PaymentIntent
PaymentMethod = stripe.PaymentMethod
SetupIntent = stripe.SetupIntent
StripeObject = stripe.StripeObject


class Pace:
    """Spaces the calls of this process to one account, leaving the other processes their share."""

    def __init__(self, processes: Callable[[], int]) -> None:
        self._processes = processes
        self._free_at = 0.0

    async def turn(self) -> None:
        """Returns when the next call may be made."""
        now = clock.monotonic_seconds()
        at = max(now, self._free_at)
        self._free_at = at + max(1, self._processes()) / CALLS_A_SECOND
        if at > now:
            await asyncio.sleep(at - now)

    def rest(self, seconds: float) -> None:
        """Leaves the account alone for a while."""
        self._free_at = max(self._free_at, clock.monotonic_seconds() + seconds)


class StripeAccount:
    """One account as one key reaches it, in one event loop."""

    def __init__(self, client: stripe.StripeClient, pace: Pace) -> None:
        self._client = client
        self._pace = pace

    def __repr__(self) -> str:
        return "StripeAccount()"

    async def call(self, make: Callable[[stripe.StripeClient], Awaitable[T]]) -> T:
        """Returns what a call of the SDK returns, made in its turn.

        `make` may be called again, so that whatever it sends must be the same each time. Raises ObjectMissing,
        CardDeclined, KeyRefused, CallRefused, Unavailable.
        """
        for pause in (*BUSY_PAUSES_SECONDS, None):
            await self._pace.turn()
            try:
                return await make(self._client)
            except stripe.RateLimitError:
                if pause is not None:
                    self._pace.rest(pause)
            except stripe.StripeError as error:
                raise translated(error) from None
        raise Unavailable("Stripe has too much to do and was asked in vain; it is asked again later.")


class StripeClients:
    """The clients of this process: one HTTP client for each event loop, one of the SDK's for each key in it.

    `api_base` is where Stripe is, None for where it really is; `processes` tells how many processes share the accounts.
    """

    def __init__(self, api_base: str | None = None, processes: Callable[[], int] = lambda: 1) -> None:
        self._api_base = api_base
        self._processes = processes
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop] = WeakKeyDictionary()

    def reach(self, key: str, account: str) -> StripeAccount:
        """Returns an account as a key reaches it; `account` is any name that is the same for all keys of one."""
        running = asyncio.get_running_loop()
        loop = self._loops.get(running)
        if loop is None:
            loop = self._loops[running] = _Loop(self._api_base)
        return StripeAccount(loop.client(key), loop.pace(account, self._processes))

    async def close(self) -> None:
        """Closes the connections of this event loop."""
        loop = self._loops.pop(asyncio.get_running_loop(), None)
        if loop is not None:
            await loop.close()


class _Loop:
    """What one event loop has."""

    def __init__(self, api_base: str | None) -> None:
        timeout = httpx.Timeout(ANSWER_SECONDS_MAX, connect=CONNECT_SECONDS_MAX)
        self._http = stripe.HTTPXClient(timeout=timeout)
        self._api_base = api_base
        self._clients: dict[str, stripe.StripeClient] = {}
        self._paces: dict[str, Pace] = {}

    def client(self, key: str) -> stripe.StripeClient:
        made = self._clients.pop(key, None) or stripe.StripeClient(
            key, base_addresses={"api": self._api_base or stripe.DEFAULT_API_BASE}, max_network_retries=RETRIES,
            http_client=self._http,
        )  # fmt: skip
        self._clients[key] = made  # the newest last
        if len(self._clients) > CLIENTS_MAX:
            del self._clients[next(iter(self._clients))]
        return made

    async def close(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]

    def pace(self, account: str, processes: Callable[[], int]) -> Pace:
        return self._paces.setdefault(account, Pace(processes))


def translated(error: stripe.StripeError) -> CoinslotError:
    """Returns what an error of the SDK is in our words; it holds no key and nothing that was sent."""
    said = error.error
    if isinstance(error, stripe.CardError):
        return CardDeclined("The card was declined.", _decline(error))
    if isinstance(error, stripe.AuthenticationError):
        return KeyRefused("Stripe does not accept the key of this connection (any more).")
    if isinstance(error, stripe.PermissionError):
        # The permission and the account are told in words alone.
        permission, account = _word(_PERMISSION, error), _word(_ACCOUNT, error)
        return KeyRefused(f"The key of this connection lacks a permission at Stripe: {permission or 'unnamed'}.",
                          permission or "", account)  # fmt: skip
    if isinstance(error, stripe.InvalidRequestError):
        param = error.param if isinstance(error.param, str) else None
        if error.code == "resource_missing" or error.http_status == 404:
            return ObjectMissing(f"Stripe knows no such object{f' ({param})' if param else ''}.", param)
        return CallRefused(f"Stripe refuses the call: {error.code or 'invalid'}{f' ({param})' if param else ''}.",
                           error.code, param)  # fmt: skip
    if isinstance(error, stripe.IdempotencyError):
        return CallRefused("Stripe had other values under this idempotency key.", "idempotency_error")
    kind = said.type if said is not None and getattr(said, "type", None) else type(error).__name__
    return Unavailable(f"Stripe did not answer as it should ({error.http_status or 'no answer'}, {kind}).")


def _word(wanted: "re.Pattern[str]", error: stripe.StripeError) -> str | None:
    found = wanted.search(error.user_message or "")
    return found.group() if found else None


def _decline(error: stripe.CardError) -> Decline:
    said = error.error
    method = getattr(said, "payment_method", None)
    return Decline(
        code=error.code or "card_declined",
        decline_code=getattr(said, "decline_code", None),
        advice_code=getattr(said, "advice_code", None),
        payment_id=getattr(getattr(said, "payment_intent", None), "id", None),
        payment_method_id=method if isinstance(method, str) else getattr(method, "id", None),
    )


def verify(body: bytes, header: str, secret: str, tolerance_seconds: int) -> bool:
    """Tells whether a body was signed with a webhook secret, not long ago."""
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance_seconds)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True
