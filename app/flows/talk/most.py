"""What a chat may cost at most, said before it is asked: by the decision and the bound that its hold will rest on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app import db
from app.domain.legs.bounds import wanted
from app.domain.wallets.shared import read_shared_balance
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import read_standing
from app.flows.callers.user import Standing
from app.flows.chat.decide import Basis, Payer, decide_on
from app.flows.modes.plan import floor_of, plan
from app.formats.account.modes import Asking
from app.formats.openai_request import ChatRequest

OPEN = Payer()
"""The chat page does not say who pays: an own key where one serves the model, else the credits."""


@dataclass(frozen=True, slots=True)
class Most:
    """The most that an answer costs, which a wallet bounds too, and the least that it has to have for one to begin.

    `beside` says why it cannot be asked now, whatever there is; empty where it can.
    """

    most_nanos: int
    least_nanos: int
    spendable_nanos: int
    beside: str = ""

    @property
    def is_enough(self) -> bool:
        """Whether an answer could begin."""
        return not self.beside and self.spendable_nanos >= self.least_nanos


async def read_most(snapshot: Snapshot, account_id: str, requests: Sequence[ChatRequest]) -> Most:
    """Returns what a request of an account's own may cost, the dearest where one of several models answers.

    Raises UnknownModel, BadField, Blocked.
    """

    def amounts(standing: Standing) -> Ask | tuple[int, int]:
        most = least = 0
        for request in requests:
            decision = decide_on(Basis(snapshot, standing, OPEN), request)
            if isinstance(decision, Ask):
                return decision
            bound, offer = decision.bound, decision.offer
            most = max(most, bound.nanos(offer, bound.output_tokens))
            least = max(least, bound.nanos(offer, bound.output_tokens_least))
        return most, least

    return await _read(snapshot, account_id, amounts)


async def read_most_of_several(snapshot: Snapshot, account_id: str, asking: Asking) -> Most:
    """Returns what a request of several models may cost, with whoever reads their answers. Raises as `read_most`."""

    def amounts(standing: Standing) -> Ask | tuple[int, int]:
        planned = plan(Basis(snapshot, standing, OPEN), asking)
        if isinstance(planned, Ask):
            return planned
        members = [*planned.answering, *([] if planned.writer is None else [planned.writer])]
        return wanted(snapshot.unit, [member.bound for member in members], floor_of(asking, members))

    return await _read(snapshot, account_id, amounts)


async def _read(snapshot: Snapshot, account_id: str, amounts: Callable[[Standing], Ask | tuple[int, int]]) -> Most:
    def read(session: db.Session) -> Most:
        standing = read_standing(session, snapshot, account_id)
        assert standing.wallet is not None  # noqa: S101 - an account pays with its own credits
        spendable = read_shared_balance(session, standing.wallet.account).available_nanos
        found = amounts(standing)
        if isinstance(found, Ask):
            return Most(found.shortfall_nanos, found.shortfall_nanos, spendable, found.beside)
        most, least = found
        return Most(max(min(most, spendable), least), least, spendable)

    return await db.in_transaction(read)
