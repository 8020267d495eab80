"""The way in for every chat, whichever route it came by: it begins on what holds now, or nothing is charged."""

from functools import partial

from app.domain.errors import Blocked, LimitReached
from app.domain.usage.idempotency import Claim
from app.flows.callers.anew import Renew, decided
from app.flows.callers.asked import Ask
from app.flows.callers.links import check_way_back
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Call, Run
from app.flows.chat.hold import Chat
from app.flows.chat.told import Teller

WAY_BACK = ("X-Paywall-Return-Url", "X-Paywall-State")
"""What a wrong way back is called by whoever reads the error."""


class Door:
    """Begins calls for one process."""

    def __init__(self, chat: Chat, teller: Teller) -> None:
        self._chat = chat
        self._teller = teller

    async def begin(self, call: Call, claimed: Claim | None, renew: Renew) -> Run | Ask:
        """Begins an answer, deciding anew when what the decision rested on has changed; the call knows on what.

        Raises what `Chat.begin` does, BadField for a way back that is not the paywall's, and what `renew` does.
        """
        return await decided(call.snapshot, renew, partial(self._begin, call, claimed))

    async def _begin(self, call: Call, claimed: Claim | None, snapshot: Snapshot) -> Run | Ask:
        call.snapshot = snapshot
        # What is only said later is looked at now: once money is held, nothing that a client wrote may be wrong.
        check_way_back(snapshot, *call.way_back, WAY_BACK)
        try:
            return await self._chat.begin(snapshot, call.user, call.request, call.request_id, call.client_request_id,
                                          claimed, user_from=call.user_from, labels=call.labels)  # fmt: skip
        except (Blocked, LimitReached) as why:
            self._teller.refused(snapshot, call.user, why, call.request.model, call.request_id)
            raise
