"""A worker that takes payments in until it is killed, at an account whose books are a folder that outlives it.

It delivers every event that there is, in an order of its own, again and again, as rails do; and runs the jobs beside.
"""

import asyncio
import json
import random
import sys
from dataclasses import asdict
from pathlib import Path

from app import settings
from app.ports.payments import Marks, Payment, PaymentStatus, RefundState
from tests.support.paying import Bank, door_of

PAYMENTS = "payments.json"
PAUSE_SECONDS = 0.002


class KeptBank(Bank):
    """An account whose payments stand in a file, and whose refunds are files of their own, each made once."""

    def __init__(self, connection_id: str, folder: Path) -> None:
        super().__init__(connection_id)
        self.folder = folder
        for id_, (marks, cents) in json.loads((folder / PAYMENTS).read_text()).items():
            self.payments[id_] = Payment(id_, Marks(**marks), PaymentStatus.PAID, cents, "USD", is_live=False)

    async def refund(
        self, *, refund_id: str, payment_id: str, paid_cents: int, currency: str, is_whole: bool = True
    ) -> RefundState:
        """Gives money back once for each id, whoever asks, however often; two ids for one payment stay to be seen."""
        await asyncio.sleep(PAUSE_SECONDS)
        (self.folder / f"{refund_id}.{payment_id}.{paid_cents}").touch()
        return RefundState.SUCCEEDED

    def given_back(self) -> list[tuple[str, int]]:
        """Returns payment and cents of every refund that was made."""
        parts = (path.name.split(".") for path in self.folder.iterdir() if path.name.startswith("rfd_"))
        return sorted((payment_id, int(cents)) for _, payment_id, cents in parts)


def write_payments(folder: Path, payments: dict[str, tuple[Marks, int]]) -> None:
    """Writes what was paid at an account."""
    kept = {id_: (asdict(marks), cents) for id_, (marks, cents) in payments.items()}
    (folder / PAYMENTS).write_text(json.dumps(kept))


async def main(bank: KeptBank) -> None:
    door = door_of(bank)

    async def deliver() -> None:
        while True:
            ids = list(bank.payments)
            random.shuffle(ids)
            for id_ in ids:
                await door.receive(bank.connection_id, f"evt_{id_}_{random.randrange(3)}", id_)
                await asyncio.sleep(PAUSE_SECONDS)

    async def work() -> None:
        while True:
            await door.finish_inbox()
            await door.refunds.send_due()
            await asyncio.sleep(PAUSE_SECONDS)

    await asyncio.gather(deliver(), deliver(), work())


if __name__ == "__main__":
    data, url, connection, kept = sys.argv[1:]
    settings.configure(data=Path(data), database_url=url, secret_key="one secret of all processes")
    asyncio.run(main(KeptBank(connection, Path(kept))))
