"""What pages that take an amount to pay have in common: the amount, the other amount, what is wrong with it."""

import reflex as rx

from app.domain.errors import BadField
from app.domain.money import Unit, format_for_people
from app.flows.topup_checkout import check_amount
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
        self.is_other = amount not in AMOUNTS
        self.amount, self.error = amount[:AMOUNT_CHARACTERS_MAX], ""
        try:
            nanos = check_amount(self.amount)
        except BadField:
            self.pay_label, self.get_label = "Pay", ""
        else:
            self.pay_label = f"Pay {format_for_people(nanos, Unit.USD)}"
            self.get_label = format_for_people(nanos, Unit.USDC)
