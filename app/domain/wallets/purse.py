"""Which lots of a wallet pay for what (`decisions.md` 13): card before USDC, oldest first. Pure arithmetic of nanos.

What the lots have left, less the debt, is the wallet's balance after each step.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.domain.wallets.tables import LotMethod

_ORDER = list(LotMethod)


@dataclass(slots=True)
class LotState:
    """A lot as it stands; `number` orders those of one method. The fields are those of `tables.Lot`."""

    id: str
    method: LotMethod
    number: int
    amount: int
    spent: int = 0
    back: int = 0
    covered: int = 0

    @property
    def left(self) -> int:
        """What is there of it."""
        return self.amount - self.spent - self.back - self.covered


@dataclass(slots=True)
class Purse:
    """The lots of a wallet, and what it owes because a dispute took what had been spent."""

    lots: dict[str, LotState] = field(default_factory=dict)
    debt: int = 0

    @property
    def balance(self) -> int:
        """What the wallet has, below zero where it owes."""
        return sum(lot.left for lot in self.lots.values()) - self.debt

    def in_order(self) -> list[LotState]:
        """Returns the lots as they are spent."""
        return sorted(self.lots.values(), key=lambda lot: (_ORDER.index(lot.method), lot.number))

    def pay_in(self, lot: LotState) -> None:
        """Adds a lot; what the wallet owes comes off first."""
        self.lots[lot.id] = lot
        self._cover()

    def spend(self, amount: int) -> dict[str, int]:
        """Takes a charge from the lots, and returns what each paid.

        What no lot has left was set aside before a dispute took it: the lots pay that were taken back unspent, and the
        wallet owes it. What even they cannot have paid is owed and nobody's; what was withdrawn pays nothing.
        """
        paid: dict[str, int] = {}
        for lot in self.in_order():
            part = min(lot.left, amount)
            if part:
                lot.spent, paid[lot.id], amount = lot.spent + part, part, amount - part
        self.debt += amount
        for lot in self._taken_back():
            part = min(lot.back, amount)
            if part:
                lot.back, lot.spent, amount = lot.back - part, lot.spent + part, amount - part
                paid[lot.id] = paid.get(lot.id, 0) + part
        return paid

    def withdrawable(self, held: int) -> int:
        """Returns how much of what came as USDC can leave: what is held is spent soon, card money first."""
        by_card, usdc = (sum(lot.left for lot in self.lots.values() if lot.method is method)
                         for method in (LotMethod.CARD, LotMethod.USDC))  # fmt: skip
        return max(min(usdc, by_card + usdc - held), 0)

    def withdraw(self, amount: int) -> None:
        """Lets money out the way that USDC came: of those lots, the oldest first; what they have not is spent."""
        for lot in self._usdc():
            part = min(lot.left, amount)
            lot.back, amount = lot.back + part, amount - part
        self.spend(amount)

    def return_withdrawn(self, amount: int) -> None:
        """Undoes a withdrawal, the newest lot first; what the wallet owes meanwhile comes off first."""
        for lot in reversed(self._usdc()):
            part = min(lot.back, amount)
            lot.back, amount = lot.back - part, amount - part
        self._cover()

    def restore(self, parts: Iterable[tuple[str, int]]) -> None:
        """Gives lots back what they paid of a charge; what the wallet owes comes off first."""
        for lot_id, part in parts:
            self.lots[lot_id].spent -= part
        self._cover()

    def take_back(self, lot_id: str, amount: int) -> None:
        """Takes a payment back: what is left of its lot, then of the others, then on credit."""
        own = self.lots.get(lot_id)
        if own is not None:
            part = min(own.left, amount)
            own.back, amount = own.back + part, amount - part
        self.debt += amount
        self._cover()

    def give_back(self, lot_id: str, amount: int) -> None:
        """Undoes taking back: the debt, what others covered, the last of them first, then the lot itself."""
        part = min(self.debt, amount)
        self.debt, amount = self.debt - part, amount - part
        for lot in reversed(self.in_order()):
            part = min(lot.covered, amount)
            lot.covered, amount = lot.covered - part, amount - part
        own = self.lots.get(lot_id)
        # Where what was given back of another lot paid this one's debt, what this one gets back is that other's.
        for lot in (*([own] if own is not None else []), *self._taken_back()):
            part = min(lot.back, amount)
            lot.back, amount = lot.back - part, amount - part

    def pay_debt(self, amount: int) -> None:
        """Lowers the debt by money that is no lot's, such as the operator's."""
        self.debt -= min(self.debt, amount)

    def _usdc(self) -> list[LotState]:
        return [lot for lot in self.in_order() if lot.method is LotMethod.USDC]

    def _taken_back(self) -> list[LotState]:
        """Returns the lots of which refunds and disputes may have taken something back; USDC is withdrawn alone."""
        return [lot for lot in self.in_order() if lot.method is not LotMethod.USDC]

    def _cover(self) -> None:
        """Pays what is owed with what is left."""
        for lot in self.in_order():
            part = min(lot.left, self.debt)
            lot.covered, self.debt = lot.covered + part, self.debt - part


def shares(amount: int, parts: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Divides an amount in proportion to parts: each share is rounded up or down, so that all of them are the amount.

    Of no more than the parts come to, none gets more than its part: a lot is given back what it paid at most.
    """
    whole, upto, given, found = sum(part for _, part in parts), 0, 0, []
    for name, part in parts:
        upto += part
        share = amount * upto // whole - given
        found.append((name, share))
        given += share
    return found
