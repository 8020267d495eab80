"""The chat flows of one process, whose requests a test begins and ends by hand."""

from collections import deque

from app.commit_queue import CommitQueue
from app.domain.errors import StaleDecision
from app.domain.ledger.operations import Applied
from app.domain.legs.legs import Source
from app.domain.paywalls.configuration import UserPlace
from app.domain.usage.idempotency import Claim
from app.domain.usage.requests import UNLABELLED, Labels, Metered
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.cards.auto_topup import AutoTopups
from app.flows.chat.call import Call, Run
from app.flows.chat.door import Door
from app.flows.chat.hold import Holds, Keep
from app.flows.chat.leg import Legs
from app.flows.chat.thinking import ThinkingModels
from app.flows.chat.told import Teller
from app.flows.limits.limiter import Limiter
from app.flows.providers.refusals import Refusals
from app.flows.vault.vault import Vault
from app.formats.openai_request import ChatRequest
from app.keeper import Keeper
from app.ports.providers import Providers, TokenCounter
from tests.support.handed import fee

RECENT: deque[Keeper] = deque(maxlen=64)
"""What the newest tests left running: it lives until their event loop cancels it, and is not collected before."""


class Silent(Teller):
    """Tells nobody: what is told behind a refusal would outlive a test that looks at the refusal."""

    def refused(self, *_refusal: object) -> None:
        return


class Chat:
    """Holds, legs and the door in front of them; what is decided on an old paywall fails, for nobody reads it anew."""

    def __init__(
        self,
        queue: CommitQueue,
        providers: Providers,
        counter: TokenCounter,
        limits: Limiter,
        *,
        standings: Standings | None = None,
        teller: Teller | None = None,
        topups: AutoTopups | None = None,
        vault: Vault | None = None,
    ) -> None:
        self.queue, self.keeper, thinking = queue, Keeper(), ThinkingModels()
        self.keep = self.keeper.keep
        RECENT.append(self.keeper)
        self.holds = Holds(queue, "proc_test", limits, self.keeper, topups)
        self.refusals = Refusals(self.keeper)
        self.legs = Legs(self.holds, providers, counter, thinking, self.refusals, vault)
        self.door = Door(standings or Standings(), limits, self.holds, self.legs, thinking,
                         teller or Silent(Keeper()), fee(), topups)  # fmt: skip

    async def begin(
        self,
        snapshot: Snapshot,
        user: str,
        request: ChatRequest,
        request_id: str,
        client_request_id: str | None,
        claimed: Claim | None = None,
        *,
        user_from: UserPlace | None = None,
        labels: Labels = UNLABELLED,
        source: Source | None = None,
    ) -> Run | Ask:
        """Begins a request. Raises as `Door.begin` does."""
        call = Call(snapshot=snapshot, user=user, user_from=user_from, request=request, request_id=request_id,
                    client_request_id=client_request_id, labels=labels, source=source)  # fmt: skip
        return await self.door.begin(call, claimed, _never)

    async def settle(self, run: Run, metered: Metered, keep: Keep | None = None, *, is_free: bool = False) -> Applied:
        return await self.legs.settle(run, metered, keep, is_free=is_free)

    async def extend(self, run: Run, amount_nanos: int, metered: Metered) -> None:
        await self.legs.extend(run, amount_nanos, metered)

    async def release(self, run: Run) -> Applied:
        return await self.legs.release(run)


async def _never(_snapshot: Snapshot) -> Snapshot:
    """Reads nothing anew: that it was old goes on to the test."""
    raise StaleDecision("What this was decided on has changed.")
