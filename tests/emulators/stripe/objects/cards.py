"""Test cards: Stripe's own numbers, and what each of them does.

https://docs.stripe.com/testing
"""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tests.emulators.stripe.errors import Refused


class Asking(StrEnum):
    """When the card's bank wants the payer to authenticate."""

    NEVER = "never"
    """A payment is charged as it comes."""
    UNLESS_SET_UP = "unless set up"
    """On the first payment; once it was saved, payments without the payer go through."""
    ALWAYS = "always"
    """On every payment, saved or not."""


class Trouble(StrEnum):
    """What comes after a payment that succeeded."""

    NONE = "none"
    """Nothing comes."""
    DISPUTE = "dispute"
    """The payer says that it was a fraud."""
    NOT_RECEIVED = "product_not_received"
    """The payer says that nothing was delivered."""
    INQUIRY = "inquiry"
    """The payer's bank asks, and takes nothing."""
    WARNING = "warning"
    """The payer's bank warns of fraud."""
    REFUND_PENDING = "refund pending"
    """A refund begins pending and succeeds later."""
    REFUND_FAILS = "refund fails"
    """A refund succeeds, and fails later."""


@dataclass(frozen=True)
class Decline:
    """Why a bank says no."""

    code: str
    decline_code: str | None
    message: str
    advice_code: str | None = None
    is_blocked: bool = False


def _declined(decline_code: str, advice_code: str | None = None) -> Decline:
    return Decline("card_declined", decline_code, "Your card was declined.", advice_code)


GENERIC = _declined("generic_decline", "try_again_later")
INSUFFICIENT = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.", "try_again_later")
LOST = _declined("lost_card", "do_not_try_again")
STOLEN = _declined("stolen_card", "do_not_try_again")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.", "confirm_card_data")
WRONG_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "confirm_card_data")
PROCESSING = Decline(
    "processing_error", "processing_error",
    "An error occurred while processing your card. Try again in a little bit.", "try_again_later",
)  # fmt: skip
FRAUDULENT = replace(_declined("fraudulent", "do_not_try_again"), is_blocked=True)
NEVER_AGAIN = _declined("do_not_honor", "do_not_try_again")


@dataclass(frozen=True)
class Behaviour:
    """What a number does: declines at once, only once it was saved, asks, or brings trouble later."""

    decline: Decline | None = None
    is_saved_first: bool = False
    """It can be saved, and declines every payment after that."""
    asking: Asking = Asking.NEVER
    trouble: Trouble = Trouble.NONE
    brand: str = "visa"
    country: str = "US"
    is_set_up: bool = False
    """It counts as set up without having been."""


NUMBERS: dict[str, Behaviour] = {
    "4242424242424242": Behaviour(),
    "4000056655665556": Behaviour(),
    "5555555555554444": Behaviour(brand="mastercard"),
    "378282246310005": Behaviour(brand="amex"),
    "4000003560000008": Behaviour(country="IN"),
    "4000000000000002": Behaviour(decline=GENERIC),
    "4000000000009995": Behaviour(decline=INSUFFICIENT),
    "4000000000009987": Behaviour(decline=LOST),
    "4000000000009979": Behaviour(decline=STOLEN),
    "4000000000000069": Behaviour(decline=EXPIRED),
    "4000000000000127": Behaviour(decline=WRONG_CVC),
    "4000000000000119": Behaviour(decline=PROCESSING),
    "4100000000000019": Behaviour(decline=FRAUDULENT),
    "4000000000000341": Behaviour(decline=GENERIC, is_saved_first=True),
    "4000002500003155": Behaviour(asking=Asking.UNLESS_SET_UP),
    "4000003800000446": Behaviour(asking=Asking.UNLESS_SET_UP, is_set_up=True),
    "4000002760003184": Behaviour(asking=Asking.ALWAYS),
    "4000008260003178": Behaviour(asking=Asking.ALWAYS, decline=INSUFFICIENT, is_saved_first=True),
    "4000000000000259": Behaviour(trouble=Trouble.DISPUTE),
    "4000000000002685": Behaviour(trouble=Trouble.NOT_RECEIVED),
    "4000000000001976": Behaviour(trouble=Trouble.INQUIRY),
    "4000000000005423": Behaviour(trouble=Trouble.WARNING),
    "4000000000007726": Behaviour(trouble=Trouble.REFUND_PENDING),
    "4000000000005126": Behaviour(trouble=Trouble.REFUND_FAILS),
}

NAMED = {
    "pm_card_visa": "4242424242424242", "pm_card_mastercard": "5555555555554444", "pm_card_amex": "378282246310005",
    "pm_card_visa_debit": "4000056655665556", "pm_card_in": "4000003560000008",
    "pm_card_chargeDeclined": "4000000000000002", "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995", "pm_card_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_chargeDeclinedStolenCard": "4000000000009979", "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeCustomerFail": "4000000000000341", "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "pm_card_createDispute": "4000000000000259", "pm_card_createDisputeInquiry": "4000000000001976",
    "pm_card_createIssuerFraudRecord": "4000000000005423", "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
}  # fmt: skip
"""Payment methods that test mode has without their being made."""


def behaviour(number: str) -> Behaviour:
    """Returns what a card does. Raises Refused for a number that is no test card."""
    found = NUMBERS.get(number)
    if found is None:
        raise Refused(402, "Your card number is incorrect.", kind="card_error", code="incorrect_number", param="number")
    return found


def details(account_id: str, number: str, month: int, year: int) -> dict[str, Any]:
    """Returns a payment method's `card`; its fingerprint is one per account and number, as at Stripe."""
    about = behaviour(number)
    fingerprint = hashlib.sha256(f"{account_id}:{number}".encode()).hexdigest()[:16]
    return {
        "brand": about.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": about.country, "display_brand": about.brand, "exp_month": month, "exp_year": year,
        "fingerprint": fingerprint, "funding": "credit", "generated_from": None, "last4": number[-4:],
        "networks": {"available": [about.brand], "preferred": None}, "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True}, "wallet": None,
    }  # fmt: skip
