"""How much is taken back of a top-up, and from whom. Pure arithmetic of nanos (`decisions.md` 13)."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.ledger.accounts import Account
from app.domain.ledger.operations import Transfer


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken back of a top-up: by refunds, `from_wallet` of that, and by disputes. Also the change of it."""

    refunds: int = 0
    from_wallet: int = 0
    disputes: int = 0

    @property
    def of_wallet(self) -> int:
        """What the wallet gives."""
        return self.from_wallet + self.disputes

    @property
    def borne(self) -> int:
        """What is taken from who bears refunds of spent money."""
        return self.refunds - self.from_wallet


def target(credited: int, refunds: int, disputes: int) -> tuple[int, int]:
    """Returns how much of a top-up refunds and disputes take back, together never more than was credited."""
    by_refunds = min(refunds, credited)
    return by_refunds, min(disputes, credited - by_refunds)


def change(taken: Taken, refunds: int, disputes: int, free: int) -> Taken:
    """Returns what is to be taken back now, so that refunds and disputes come to these sums; below zero it goes back.

    A refund takes at most what the wallet has `free`, and the rest from who bears it; what a dispute of the same
    payment took was free for it, so that both come to the same in either order. A dispute takes all from the wallet.
    What a refund gives back goes first to who bore it.
    """
    more = refunds - taken.refunds
    if more > 0:
        from_wallet = min(more, max(free + taken.disputes, 0))
    else:
        from_wallet = min(refunds, taken.from_wallet) - taken.from_wallet
    return Taken(more, from_wallet, disputes - taken.disputes)


def transfers(nets: Mapping[Account, int], type_: str, details: Mapping[str, object]) -> list[Transfer]:
    """Returns transfers that change accounts by these nets, which add up to nothing."""
    due = {account: net for account, net in nets.items() if net > 0}
    found: list[Transfer] = []
    for debit, net in nets.items():
        owed = max(-net, 0)
        for credit in due:
            amount = min(owed, due[credit])
            owed, due[credit] = owed - amount, due[credit] - amount
            if amount:
                found.append(Transfer(debit, credit, amount, type_, details=details))
    return found
