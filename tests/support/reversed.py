"""A top-up of an app's user that was taken back in part, for tests of what is told and kept of that."""

from structlog.testing import capture_logs

from app.domain.disputes.tables import DisputeState, Funds
from app.domain.inbox.inbox import ObjectKind
from app.flows.callers.snapshot import Snapshot
from tests.support.books import make_snapshot
from tests.support.paying import begin
from tests.support.taking_back import House, TakingBank, house_of, open_taking_bank


class Reversed:
    """30 dollars at the developer's own account, of which 5 went back, and 9 are disputed."""

    def __init__(self) -> None:
        self.app: Snapshot = make_snapshot()
        self.bank: TakingBank = open_taking_bank(self.app.paywall_id)
        self.house: House = house_of(self.bank)
        self.marks = begin(self.app, self.bank.connection_id, cents=3_000)
        self.bank.pay("pi_1", self.marks)
        self.count = 0

    async def told(self) -> "Reversed":
        await self.tell("pi_1", ObjectKind.PAYMENT)
        self.bank.give_back("re_1", "pi_1", 500)
        await self.tell("re_1", ObjectKind.REFUND)
        await self.dispute(DisputeState.OPEN, Funds.OUT)
        return self

    async def dispute(self, state: DisputeState, funds: Funds) -> None:
        self.bank.dispute("dp_1", "pi_1", 900, state, funds)
        await self.tell("dp_1", ObjectKind.DISPUTE)

    async def tell(self, object_id: str, kind: ObjectKind) -> None:
        self.count += 1
        with capture_logs():
            await self.house.door.receive(self.bank.connection_id, f"evt_{self.count}", object_id, kind)
