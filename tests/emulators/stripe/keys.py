"""API keys: secret ones may do all, restricted ones what they are given; without it Stripe's 403 names the permission.

Names of permissions are those that Stripe's own answers and key page use: refunds belong to charges, balance
transactions are `rak_balance_transaction_source_read`. Write includes read.
"""

import secrets
from dataclasses import dataclass

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.state import Bank, Book

PERMISSIONS = (
    "rak_accounts_kyc_basic_read", "rak_balance_read", "rak_balance_transaction_source_read", "rak_charge_write",
    "rak_checkout_session_write", "rak_customer_write", "rak_dispute_write", "rak_event_read",
    "rak_payment_intent_write", "rak_payment_method_write", "rak_payout_write", "rak_setup_intent_write",
    "rak_webhook_write",
)  # fmt: skip
"""Everything that a restricted key can be given here, the larger of read and write."""


@dataclass
class Key:
    """A key of an account in one mode; `permissions` is None for a secret key, which has all."""

    text: str
    account_id: str
    is_live: bool
    permissions: frozenset[str] | None
    is_expired: bool = False

    def allows(self, permission: str) -> bool:
        if self.permissions is None:
            return True
        return permission in self.permissions or permission.removesuffix("_read") + "_write" in self.permissions


def issue(bank: Bank, account_id: str, *, is_live: bool, permissions: frozenset[str] | None) -> Key:
    """Makes a key: secret where it has no permission set, else restricted."""
    kind, mode = "sk" if permissions is None else "rk", "live" if is_live else "test"
    key = Key(f"{kind}_{mode}_{secrets.token_hex(24)}", account_id, is_live, permissions)
    bank.keys[key.text] = key
    return key


def find(bank: Bank, authorization: str) -> Key:
    """Returns the key that a request was signed with. Raises Refused with 401."""
    scheme, _, text = authorization.partition(" ")
    if scheme != "Bearer" or not text:
        message = (
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
        raise Refused(401, message)
    key: Key | None = bank.keys.get(text)
    if key is None:
        raise Refused(401, f"Invalid API Key provided: {masked(text)}")
    if key.is_expired:
        raise Refused(401, f"Expired API Key provided: {masked(text)}", code="api_key_expired")
    return key


def require(key: Key, permission: str, book: Book) -> None:
    """Checks a permission; before anything is looked for, so that an id which nobody has tells as much."""
    if key.allows(permission):
        return
    message = (
        f"The provided key '{masked(key.text)}' does not have the required permissions for this endpoint on account "
        f"'{book.account.id}'. Having the '{permission}' permission would allow this request to continue."
    )
    raise Refused(403, message, code="more_permissions_required")


def masked(text: str) -> str:
    """Returns a key as Stripe's messages show it."""
    return f"{text[:8]}{'*' * max(len(text) - 14, 3)}{text[-6:]}" if len(text) > 14 else "*" * len(text)
