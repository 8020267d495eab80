"""What pages that take an amount to pay have in common: the amount, the other amount, what is wrong with it."""

from collections.abc import Mapping
from typing import Any

import reflex as rx

from app.domain.errors import BadField
from app.domain.money import Unit, format_for_people, nanos_of_cents
from app.flows.payments.checkout import check_amount
from app.web.components.amounts import AMOUNTS

AMOUNT_CHARACTERS_MAX = 20


class AmountState(rx.State, mixin=True):
    """An amount in dollars, as it is typed."""

    amount: str = AMOUNTS[1]
    is_other: bool = False
    pay_label: str = "Pay $10.00"
    get_label: str = "10.00 USDC"
    error: str = ""

    def _choose(self, amount: str) -> None:
        """Takes one of the amounts, or what was typed."""
        for name, value in chosen(amount).items():
            setattr(self, name, value)


def chosen(amount: str) -> Mapping[str, Any]:
    """Returns the variables of an amount that was chosen, by name."""
    typed = amount[:AMOUNT_CHARACTERS_MAX]
    try:
        cents = check_amount(typed)
    except BadField:
        labels = ("Pay", "")
    else:
        usd, usdc = (format_for_people(nanos_of_cents(cents, unit), unit) for unit in (Unit.USD, Unit.USDC))
        labels = (f"Pay {usd}", usdc)
    return {"amount": typed, "is_other": amount not in AMOUNTS, "error": "", "pay_label": labels[0],
            "get_label": labels[1]}  # fmt: skip
