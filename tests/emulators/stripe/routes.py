"""What can be asked: method and address, the operation, the SDK's class of its parameters, the permission it needs."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import stripe.params as of
from stripe.params import checkout, radar

from tests.emulators.stripe.objects import (
    accounts,
    balance,
    charges,
    customers,
    disputes,
    endpoints,
    events,
    intents,
    refunds,
    sessions,
    setups,
)  # fmt: skip
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.state import Thing


@dataclass(frozen=True)
class Route:
    """One operation of the API."""

    method: str
    path: "re.Pattern[str]"
    run: Callable[[Call], Thing]
    shape: type
    permission: str


def _route(method: str, path: str, run: Callable[[Call], Thing], shape: type, permission: str) -> Route:
    pattern = re.compile("/v1" + path.replace("*", "([^/]+)"))
    return Route(method, pattern, run, shape, permission)


def _resource(
    path: str, name: str, *operations: tuple[str, str, Callable[[Call], Thing], type]
) -> list[Route]:  # fmt: skip
    """The operations of one resource: reading needs its read permission, the rest its write permission."""
    return [
        _route(method, path + more, run, shape, f"rak_{name}_{'read' if method == 'GET' else 'write'}")
        for method, more, run, shape in operations
    ]


ROUTES: tuple[Route, ...] = (
    _route("GET", "/account", accounts.retrieve, of.AccountRetrieveCurrentParams, "rak_accounts_kyc_basic_read"),
    _route("GET", "/accounts/*", accounts.retrieve, of.AccountRetrieveParams, "rak_accounts_kyc_basic_read"),
    _route("GET", "/balance", balance.retrieve_balance, of.BalanceRetrieveParams, "rak_balance_read"),
    *_resource(
        "/balance_transactions", "balance_transaction_source",
        ("GET", "", balance.list_movements, of.BalanceTransactionListParams),
        ("GET", "/*", balance.retrieve, of.BalanceTransactionRetrieveParams),
    ),
    *_resource(
        "/payouts", "payout",
        ("GET", "", balance.list_payouts, of.PayoutListParams),
        ("GET", "/*", balance.retrieve_payout, of.PayoutRetrieveParams),
    ),
    *_resource(
        "/charges", "charge",
        ("GET", "", charges.list_charges, of.ChargeListParams),
        ("GET", "/*", charges.retrieve, of.ChargeRetrieveParams),
    ),
    *_resource(
        "/checkout/sessions", "checkout_session",
        ("POST", "", sessions.create, checkout.SessionCreateParams),
        ("GET", "", sessions.list_sessions, checkout.SessionListParams),
        ("GET", "/*", sessions.retrieve, checkout.SessionRetrieveParams),
        ("POST", "/*", sessions.update, checkout.SessionUpdateParams),
        ("POST", "/*/expire", sessions.expire, checkout.SessionExpireParams),
        ("GET", "/*/line_items", sessions.list_items, checkout.SessionLineItemListParams),
    ),
    *_resource(
        "/customers", "customer",
        ("POST", "", customers.create, of.CustomerCreateParams),
        ("GET", "", customers.list_customers, of.CustomerListParams),
        ("GET", "/*", customers.retrieve, of.CustomerRetrieveParams),
        ("POST", "/*", customers.update, of.CustomerUpdateParams),
        ("DELETE", "/*", customers.delete, of.CustomerDeleteParams),
    ),
    *_resource(
        "/customers/*/payment_methods", "payment_method",
        ("GET", "", customers.list_methods, of.CustomerPaymentMethodListParams),
        ("GET", "/*", customers.retrieve_customers_method, of.CustomerPaymentMethodRetrieveParams),
    ),
    *_resource(
        "/payment_methods", "payment_method",
        ("POST", "", customers.create_method, of.PaymentMethodCreateParams),
        ("GET", "", customers.list_methods, of.PaymentMethodListParams),
        ("GET", "/*", customers.retrieve_method, of.PaymentMethodRetrieveParams),
        ("POST", "/*", customers.update_method, of.PaymentMethodUpdateParams),
        ("POST", "/*/attach", customers.attach, of.PaymentMethodAttachParams),
        ("POST", "/*/detach", customers.detach, of.PaymentMethodDetachParams),
    ),
    *_resource(
        "/payment_intents", "payment_intent",
        ("POST", "", intents.create, of.PaymentIntentCreateParams),
        ("GET", "", intents.list_intents, of.PaymentIntentListParams),
        ("GET", "/*", intents.retrieve, of.PaymentIntentRetrieveParams),
        ("POST", "/*", intents.update, of.PaymentIntentUpdateParams),
        ("POST", "/*/confirm", intents.confirm, of.PaymentIntentConfirmParams),
        ("POST", "/*/cancel", intents.cancel, of.PaymentIntentCancelParams),
    ),
    *_resource(
        "/setup_intents", "setup_intent",
        ("POST", "", setups.create, of.SetupIntentCreateParams),
        ("GET", "", setups.list_intents, of.SetupIntentListParams),
        ("GET", "/*", setups.retrieve, of.SetupIntentRetrieveParams),
        ("POST", "/*/confirm", setups.confirm, of.SetupIntentConfirmParams),
        ("POST", "/*/cancel", setups.cancel, of.SetupIntentCancelParams),
    ),
    *_resource(
        "/refunds", "charge",
        ("POST", "", refunds.create, of.RefundCreateParams),
        ("GET", "", refunds.list_refunds, of.RefundListParams),
        ("GET", "/*", refunds.retrieve, of.RefundRetrieveParams),
        ("POST", "/*", refunds.update, of.RefundUpdateParams),
        ("POST", "/*/cancel", refunds.cancel, of.RefundCancelParams),
    ),
    *_resource(
        "/disputes", "dispute",
        ("GET", "", disputes.list_disputes, of.DisputeListParams),
        ("GET", "/*", disputes.retrieve, of.DisputeRetrieveParams),
        ("POST", "/*", disputes.update, of.DisputeUpdateParams),
        ("POST", "/*/close", disputes.close, of.DisputeCloseParams),
    ),
    *_resource(
        "/radar/early_fraud_warnings", "charge",
        ("GET", "", disputes.list_warnings, radar.EarlyFraudWarningListParams),
        ("GET", "/*", disputes.retrieve_warning, radar.EarlyFraudWarningRetrieveParams),
    ),
    *_resource(
        "/events", "event",
        ("GET", "", events.list_events, of.EventListParams),
        ("GET", "/*", events.retrieve, of.EventRetrieveParams),
    ),
    *_resource(
        "/webhook_endpoints", "webhook",
        ("POST", "", endpoints.create, of.WebhookEndpointCreateParams),
        ("GET", "", endpoints.list_endpoints, of.WebhookEndpointListParams),
        ("GET", "/*", endpoints.retrieve, of.WebhookEndpointRetrieveParams),
        ("POST", "/*", endpoints.update, of.WebhookEndpointUpdateParams),
        ("DELETE", "/*", endpoints.delete, of.WebhookEndpointDeleteParams),
    ),
)  # fmt: skip


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """Returns the operation of a request, and the ids in its address."""
    for route in ROUTES:
        match = route.path.fullmatch(path)
        if match is not None and route.method == method:
            return route, match.groups()
    return None
