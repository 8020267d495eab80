"""Accounts at Stripe as their owner connects them: restricted keys, webhook endpoints, events."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from app.adapters.payments.stripe_client import API_VERSION, StripeAccount, StripeClient, StripeClients, verify
from app.adapters.payments.stripe_marks import instance_of
from app.domain.errors import BadField, NotFound, Unavailable
from app.domain.money import Environment
from app.ports.accounts import (
    BadSignature,
    Connection,
    Endpoint,
    EndpointStatus,
    ObjectKind,
    Permission,
    Probed,
    Told,
)
from app.ports.rail_errors import CallRefused, KeyRefused
from app.ports.seal import Sealer

SIGNED_SECONDS_MAX = 300
"""How old a signature may be; what comes later was recorded by somebody."""
PAGE = 100
KEY_PAGE = "https://dashboard.stripe.com{test}/apikeys/create?"
_NOBODY = "coinslot_probe_no_such_id"
"""What made-up ids end with: permission is checked before existence, so that asking for one says what a key may do."""

KINDS: dict[str, ObjectKind] = {
    "checkout.session.completed": ObjectKind.PAYMENT,
    "checkout.session.expired": ObjectKind.PAYMENT,
    "checkout.session.async_payment_succeeded": ObjectKind.PAYMENT,
    "checkout.session.async_payment_failed": ObjectKind.PAYMENT,
    "payment_intent.succeeded": ObjectKind.PAYMENT,
    "payment_intent.payment_failed": ObjectKind.PAYMENT,
    "payment_intent.canceled": ObjectKind.PAYMENT,
    "payment_intent.processing": ObjectKind.PAYMENT,
    "refund.created": ObjectKind.REFUND,
    "refund.updated": ObjectKind.REFUND,
    "refund.failed": ObjectKind.REFUND,
    "charge.dispute.created": ObjectKind.DISPUTE,
    "charge.dispute.updated": ObjectKind.DISPUTE,
    "charge.dispute.funds_withdrawn": ObjectKind.DISPUTE,
    "charge.dispute.funds_reinstated": ObjectKind.DISPUTE,
    "charge.dispute.closed": ObjectKind.DISPUTE,
    "radar.early_fraud_warning.created": ObjectKind.WARNING,
    "payment_method.automatically_updated": ObjectKind.CARD,
    "payment_method.detached": ObjectKind.CARD,
    "setup_intent.succeeded": ObjectKind.CARD,
}
"""What we ask Stripe to tell us; its list of events takes at most 20 types, and these are 20."""
_BEARERS = ("checkout.session", "payment_intent", "setup_intent")
"""Objects into which we always write our marks; those without them are of other apps."""

_Probe = tuple[Permission, Callable[[StripeClient], Awaitable[Any]]]
_PROBES: tuple[_Probe, ...] = (
    (Permission("Checkout Sessions: Write", "rak_checkout_session_write"),
     lambda client: client.v1.checkout.sessions.expire_async(f"cs_{_NOBODY}")),
    (Permission("PaymentIntents: Write", "rak_payment_intent_write"),
     lambda client: client.v1.payment_intents.cancel_async(f"pi_{_NOBODY}")),
    (Permission("SetupIntents: Write", "rak_setup_intent_write"),
     lambda client: client.v1.setup_intents.cancel_async(f"seti_{_NOBODY}")),
    (Permission("Customers: Write", "rak_customer_write"),
     lambda client: client.v1.customers.update_async(f"cus_{_NOBODY}", {"metadata": {"coinslot": "probe"}})),
    (Permission("Payment Methods: Write", "rak_payment_method_write"),
     lambda client: client.v1.payment_methods.detach_async(f"pm_{_NOBODY}")),
    (Permission("Charges and Refunds: Write", "rak_charge_write"),
     lambda client: client.v1.refunds.create_async({"payment_intent": f"pi_{_NOBODY}"})),
    (Permission("Disputes: Read", "rak_dispute_read"),
     lambda client: client.v1.disputes.retrieve_async(f"dp_{_NOBODY}")),
    (Permission("Radar early fraud warnings: Read", "rak_charge_read"),
     lambda client: client.v1.radar.early_fraud_warnings.retrieve_async(f"issfr_{_NOBODY}")),
    (Permission("Events: Read", "rak_event_read"), lambda client: client.v1.events.retrieve_async(f"evt_{_NOBODY}")),
    (Permission("Webhook Endpoints: Write", "rak_webhook_write"),
     lambda client: client.v1.webhook_endpoints.delete_async(f"we_{_NOBODY}")),
    (Permission("Balance: Read", "rak_balance_read"), lambda client: client.v1.balance.retrieve_async()),
    (Permission("Balance Transactions: Read", "rak_balance_transaction_source_read"),
     lambda client: client.v1.balance_transactions.retrieve_async(f"txn_{_NOBODY}")),
)  # fmt: skip


class StripeRailAccount:
    """A RailAccount at Stripe."""

    def __init__(self, account: StripeAccount) -> None:
        self._account = account

    async def probe(self) -> Probed:
        """Tries each permission in turn; a refusal may name another than we took it for, and then that is missing."""
        missing: dict[str, Permission] = {}
        settles_usd, account = None, None
        for permission, make in _PROBES:
            try:
                found = await self._account.call(make)
            except (NotFound, CallRefused):
                continue  # it was allowed, and there is no such thing
            except KeyRefused as refused:
                if refused.permission is None:
                    raise
                account = account or refused.account
                # Reading is what a key lacks that may not even read; we need to write all the same.
                missing.setdefault(permission.slug, permission)
                continue
            if permission.slug == "rak_balance_read":
                settles_usd = "usd" in {part.currency for part in found.available}
        return Probed(tuple(missing.values()), account or await self._read_account(), settles_usd)

    async def _read_account(self) -> str | None:
        """Returns the account's id: a key that may not read it is told it with the refusal."""
        try:
            return (await self._account.call(lambda client: client.v1.accounts.retrieve_current_async())).id
        except KeyRefused as refused:
            return refused.account
        except (NotFound, CallRefused):
            return None

    async def create_endpoint(self, url: str) -> Endpoint:
        """Makes it for the version of the API that our SDK reads."""
        params: Any = {"url": url, "enabled_events": list(KINDS), "api_version": API_VERSION, "description": "Coinslot"}
        made = await self._account.call(lambda client: client.v1.webhook_endpoints.create_async(params))
        if made.secret is None:
            raise Unavailable("Stripe made a webhook endpoint and did not tell its secret.")
        return Endpoint(made.id, made.secret)

    async def read_endpoint(self, endpoint_id: str) -> EndpointStatus:
        """Says how an endpoint is."""
        try:
            found = await self._account.call(lambda client: client.v1.webhook_endpoints.retrieve_async(endpoint_id))
        except NotFound:
            return EndpointStatus.MISSING
        return EndpointStatus.ENABLED if found.status == "enabled" else EndpointStatus.DISABLED

    async def delete_endpoints(self, url: str, but: str | None = None) -> None:
        """Deletes what has exactly this address; an account has at most 16 endpoints."""
        found = await self._account.call(lambda client: client.v1.webhook_endpoints.list_async({"limit": PAGE}))
        for endpoint_id in [one.id for one in found.data if one.url == url and one.id != but]:
            await self._delete(endpoint_id)

    async def _delete(self, endpoint_id: str) -> None:
        try:
            await self._account.call(lambda client: client.v1.webhook_endpoints.delete_async(endpoint_id))
        except NotFound:
            return  # another process was first

    async def list_events(self, since: int) -> AsyncIterator[Sequence[Told]]:
        """Pages backwards from now."""
        after: str | None = None
        while True:
            events, after = await self._list_page(since, after)
            yield events
            if after is None:
                return

    async def _list_page(self, since: int, after: str | None) -> tuple[Sequence[Told], str | None]:
        params: Any = {"created": {"gte": since}, "types": list(KINDS), "limit": PAGE}
        if after is not None:
            params["starting_after"] = after
        page = await self._account.call(lambda client: client.v1.events.list_async(params))
        return [_told(event.to_dict()) for event in page.data], page.data[-1].id if page.has_more else None


class StripeAccounts:
    """The Accounts at Stripe. `box` opens the keys of connections."""

    def __init__(self, clients: StripeClients, box: Sealer) -> None:
        self._clients = clients
        self._box = box

    def check_key(self, key: str, environment: Environment) -> str:
        """Takes restricted keys of the environment's mode alone."""
        found, side = key.strip(), _side(environment)
        if found.startswith("sk_"):
            raise BadField("key", "This is a secret key, which may do everything. Make a restricted key instead; the"
                           " link above opens Stripe's page with all boxes ticked.")  # fmt: skip
        if not found.startswith(("rk_live_", "rk_test_")) or not found.isascii() or not found.isprintable():
            raise BadField("key", "This is no restricted key of Stripe's. They begin with rk_test_ or rk_live_.")
        if not found.startswith(f"rk_{side}_"):
            here = "the sandbox" if environment is Environment.SANDBOX else "live"
            other = "live" if side == "test" else "test"
            raise BadField("key", f"This key is of Stripe's {other} mode, and this paywall is {here}: make a key in"
                           f" {side} mode.")  # fmt: skip
        return found

    def key_page(self, environment: Environment) -> str:
        """Returns Stripe's page of that mode."""
        slugs = dict.fromkeys(permission.slug for permission in self.permissions())
        asked = [("name", "Coinslot"), *(("permissions[]", slug) for slug in slugs)]
        return KEY_PAGE.format(test="/test" if _side(environment) == "test" else "") + urlencode(asked)

    def permissions(self) -> Sequence[Permission]:
        """Returns what `probe` tries."""
        return [permission for permission, _ in _PROBES]

    def try_key(self, key: str, name: str) -> StripeRailAccount:
        """Returns an account as a key reaches it."""
        return StripeRailAccount(self._clients.reach(key, name))

    def reach(self, connection: Connection) -> StripeRailAccount:
        """Returns an account as its connection's key reaches it. Raises Unavailable."""
        return StripeRailAccount(open_account(self._clients, self._box, connection))

    def read_event(self, body: bytes, signature: str, secrets: Sequence[str]) -> Told:
        """Returns what a delivered event says. Raises BadSignature, BadField."""
        if not any(verify(body, signature, secret, SIGNED_SECONDS_MAX) for secret in secrets):
            raise BadSignature("This was not signed by Stripe for this connection, or too long ago.")
        try:
            return _told(orjson.loads(body))
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
            raise BadField(None, "This is no event of Stripe's.") from None


def open_account(clients: StripeClients, box: Sealer, connection: Connection) -> StripeAccount:
    """Returns the account of a connection, its key opened in memory alone. Raises Unavailable for one without a key."""
    if connection.key_sealed is None:
        raise Unavailable(f"The key of {connection.id} was deleted; nothing can be asked of Stripe with it any more.")
    key = box.open(connection.key_sealed, connection.seal_context)
    return clients.reach(key, connection.account or connection.id)


def _side(environment: Environment) -> str:
    return "live" if environment is Environment.LIVE else "test"


def _told(event: dict[str, Any]) -> Told:
    about = event["data"]["object"]
    name, metadata = str(about.get("object")), about.get("metadata")
    return Told(
        id=str(event["id"]),
        type=str(event["type"]),
        kind=KINDS.get(event["type"]),
        object_id=str(about["id"]),
        created=int(event["created"]),
        is_live=bool(event["livemode"]),
        bears_marks=name in _BEARERS,
        instance=instance_of(metadata) if isinstance(metadata, dict) else None,
    )
