"""The way in for every chat, whichever route it came by: it begins on what holds now, or nothing is charged.

Decided, let through by the developer's limits, held for, sent: in this order, and what was taken on the way is given
back where a later step refuses.
"""

from functools import partial

from app import db
from app.domain.cards.sums import Use
from app.domain.earnings.charge_split import terms_of
from app.domain.errors import Blocked, InsufficientFunds, LimitReached, StaleDecision
from app.domain.events.request_events import AT_ONCE, OF_CHAT
from app.domain.legs.legs import Source
from app.domain.usage.idempotency import Claim
from app.domain.usage.requests import Asked
from app.domain.usage.tables import RequestKind
from app.flows.callers.anew import Renew, decided
from app.flows.callers.asked import Action, Ask
from app.flows.callers.balance import read_app_balance
from app.flows.callers.links import check_way_back
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.callers.stopped import Refused
from app.flows.callers.user import Standing
from app.flows.cards.auto_topup import AutoTopups
from app.flows.chat.call import Call, Leg, Run
from app.flows.chat.decide import Basis, Go, Payer, decide_on
from app.flows.chat.hold import Held, Holds
from app.flows.chat.leg import Legs, amounts_of, fit_grant
from app.flows.chat.thinking import ThinkingModels
from app.flows.chat.told import Teller
from app.flows.limits.limiter import Limiter
from app.flows.orders.known import Orders, source_of
from app.flows.vault.uses import OwnUse, OwnUsesReached, take_own_use

WAY_BACK = ("X-Paywall-Return-Url", "X-Paywall-State")
"""What a wrong way back is called by whoever reads the error."""


class Door:
    """Begins calls for one process."""

    def __init__(self, standings: Standings, limits: Limiter, holds: Holds, legs: Legs, thinking: ThinkingModels,
                 teller: Teller, fee_basis_points: int, topups: AutoTopups | None = None) -> None:  # fmt: skip
        self._topups = topups
        self._standings, self._limits = standings, limits
        self._holds, self._legs, self._thinking = holds, legs, thinking
        self._teller, self.fee, self._orders = teller, fee_basis_points, Orders()

    async def begin(self, call: Call, claimed: Claim | None, renew: Renew) -> Run | Ask:
        """Begins an answer, deciding anew when what the decision rested on has changed; the call knows on what.

        Returns once the provider has begun to answer; with a route, once the money is held. Raises UnknownModel,
        BadField, also for a way back that is not the paywall's, Blocked, LimitReached, StaleDecision, Unavailable, what
        `renew` does; StillRunning if another request has the key; ProviderFailed after the hold was released.
        """
        return await decided(call.snapshot, renew, partial(self._begin, call, claimed))

    async def _begin(self, call: Call, claimed: Claim | None, snapshot: Snapshot) -> Run | Ask:
        call.snapshot = snapshot
        # What is only said later is looked at now: once money is held, nothing that a client wrote may be wrong.
        check_way_back(snapshot, *call.way_back, WAY_BACK)
        standing = await self._standings.find(snapshot, call.user)
        try:
            run = await self._hold(call, claimed, standing)
        except (Blocked, LimitReached) as why:
            self._teller.refused(snapshot, call.user, why, call.request.model, call.request_id)
            self._legs.log.refused(_refused(call, standing), why)
            raise
        if isinstance(run, Run) and run.route is None:
            await self._legs.send(run)
        elif isinstance(run, Ask):
            self._legs.log.asked(_refused(call, standing), run)
        return run

    async def _hold(self, call: Call, claimed: Claim | None, standing: Standing) -> Run | Ask:
        """Decides and holds; returns what the user is asked for where the money or their consent is not there."""
        snapshot, user = call.snapshot, call.user
        decision = self._decide(call, standing, await self.payer_of(call))
        if isinstance(decision, Ask):
            return decision
        call.goes_by = Source.PLATFORM if decision.own is None else Source.OWN
        leg = Leg(decision.request, decision.setting, decision.offer, decision.bound, own=decision.own,
                  deadline=call.deadline)  # fmt: skip
        run = Run(Held(snapshot, self._asked(call, standing, decision, claimed), standing), leg)
        await self._legs.fit_window(leg)
        used: OwnUse | None = None
        try:
            await self._admit(run, call)
            used = await take_own_use(standing.own if leg.own else None)
            await self._take(run, claimed)
        except OwnUsesReached:
            return Ask(Action.LIMIT)
        except InsufficientFunds as refusal:
            return await self.ask(run.held, call, refusal)
        except StaleDecision:
            self._standings.forget(snapshot, user)
            raise
        finally:
            if not leg.output_limit:
                await self._holds.forgo(run.held)
                if used is not None:
                    await used.give_back(used.count)
        return run

    async def payer_of(self, call: Call) -> Payer:
        """Returns who is asked to pay for a call: whom its order's user chose, else whom it says. Raises BadField."""
        order = await self._orders.find(call.snapshot, call.user, call.labels.order)
        return Payer(source_of(order, call.source), order)

    def _decide(self, call: Call, standing: Standing, payer: Payer) -> Go | Ask:
        snapshot, request = call.snapshot, call.request
        has_thought = self._thinking.has_thought(snapshot.paywall_id, request.model)
        return decide_on(Basis(snapshot, standing, payer), request, has_thought_unseen=has_thought)

    def _asked(self, call: Call, standing: Standing, decision: Go, claimed: Claim | None) -> Asked:
        snapshot, request = call.snapshot, call.request
        provider = decision.setting.name
        return Asked(id=call.request_id, client_request_id=call.client_request_id, wallet=standing.payer,
                     kind=RequestKind.CHAT, model=request.model, provider=provider, streamed=request.is_stream,
                     unit=snapshot.unit, price=decision.offer.price, claim_id=claimed.id if claimed else None,
                     terms=None if decision.own else terms_of(snapshot.mode, provider, self.fee), source=call.goes_by,
                     is_told=not snapshot.told.isdisjoint(OF_CHAT),
                     is_told_at_once=not snapshot.told.isdisjoint(AT_ONCE), user_from=call.user_from,
                     key_id=snapshot.key_id, paywall_version=snapshot.version, labels=call.labels)  # fmt: skip

    async def _admit(self, run: Run, call: Call) -> None:
        """Lets the developer's limits count a request; they may lower what it may use."""
        snapshot, leg = call.snapshot, run.leg
        if snapshot.limits is not None:
            run.held.admission = await self._limits.admit(
                snapshot, call.user, leg.request, leg.bound, call.request_id, self._holds.keep
            )
            leg.bound = run.held.admission.bound

    async def _take(self, run: Run, claimed: Claim | None) -> None:
        """Holds what the request may cost; counts the prompt exactly only if its bytes would not fit."""
        amounts = amounts_of(run.leg)
        try:
            await self._holds.take(run.held, amounts, claimed)
        except InsufficientFunds:
            if not await self._legs.count_exactly(run.leg):
                raise
            amounts = amounts_of(run.leg)
            await self._holds.take(run.held, amounts, claimed)
        fit_grant(run, amounts.first)

    async def ask(self, held: Held, call: Call, refusal: InsufficientFunds) -> Ask:
        """Returns what the user is asked for. Raises LimitReached where a limit of the developer's is what is short."""
        snapshot = call.snapshot
        if held.admission is not None:
            await self._limits.check_spending(held.admission, snapshot, refusal)
        view = await db.in_transaction(lambda session: read_app_balance(session, snapshot, call.user))
        shortfall = max(refusal.needed_nanos - refusal.available_nanos, 0)
        action = Action.LIMIT if refusal.short_of in held.standing.budgets else Action.TOPUP
        beside = await self._fill(held, call.user) if action is Action.TOPUP else ""
        return Ask(action, shortfall, view.balance_nanos, beside)

    async def _fill(self, held: Held, user: str) -> str:
        """Lets a wallet be looked at that fills itself, and returns what its owner reads beside the link."""
        if self._topups is None or held.standing.tops_up_below is None:
            return ""
        return await self._topups.refused(held.asked.wallet.id, Use(held.snapshot.paywall_id, user))


def _refused(call: Call, standing: Standing) -> Refused:
    return Refused(call.snapshot, standing, call.request_id, call.request.model)
