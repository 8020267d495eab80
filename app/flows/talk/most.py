"""What a chat may cost at most, said before it is asked: by the decision and the bound that its hold will rest on."""

from dataclasses import dataclass

from app import db
from app.domain.wallets.shared import read_shared_balance
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import read_standing
from app.flows.chat.decide import decide
from app.formats.openai_request import ChatRequest


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


async def read_most(snapshot: Snapshot, account_id: str, request: ChatRequest) -> Most:
    """Returns what a request of an account's own may cost. Raises UnknownModel, BadField, Blocked."""

    def read(session: db.Session) -> Most:
        standing = read_standing(session, snapshot, account_id)
        assert standing.wallet is not None  # noqa: S101 - an account pays with its own credits
        spendable = read_shared_balance(session, standing.wallet.account).available_nanos
        decision = decide(snapshot, standing, request)
        if isinstance(decision, Ask):
            return Most(decision.shortfall_nanos, decision.shortfall_nanos, spendable, decision.beside)
        bound, offer = decision.bound, decision.offer
        whole, least = (bound.nanos(offer, tokens) for tokens in (bound.output_tokens, bound.output_tokens_least))
        return Most(max(min(whole, spendable), least), least, spendable)

    return await db.in_transaction(read)
