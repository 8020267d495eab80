"""The account itself, which a restricted key may read only with a permission of its own."""

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.state import Thing

ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def retrieve(call: Call) -> Thing:
    """Returns the key's own account."""
    account = call.book.account
    if call.ids and call.ids[0] != account.id:
        message = "The provided key does not have access to this account (or that account does not exist)."
        raise Refused(403, message, code="account_invalid")
    return {
        "id": account.id, "object": "account", "business_profile": {"name": account.name, "url": None},
        "business_type": "company", "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True, "controller": {"type": "account"}, "country": account.country,
        "created": account.created, "default_currency": account.currency, "details_submitted": True,
        "email": "owner@example.com", "external_accounts": {"data": [], "has_more": False, "object": "list",
                                                            "url": f"/v1/accounts/{account.id}/external_accounts"},
        "future_requirements": {"currently_due": []}, "metadata": {}, "payouts_enabled": True,
        "requirements": {"currently_due": []},
        "settings": {"dashboard": {"display_name": account.name, "timezone": "Etc/UTC"}},
        "tos_acceptance": {"date": account.created, "ip": None, "user_agent": None}, "type": "standard",
    }  # fmt: skip
