"""The way in for a request that asks several models: planned, let through by the limits, held for, all at once.

One hold is for all legs, the larger of what they may come to together and the mode's reserve; nothing is called before
it is granted. What is granted below the whole is shared in proportion (`decisions.md` 19).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from app import threads
from app.domain.earnings.charge_split import terms_of
from app.domain.errors import Blocked, InsufficientFunds, LimitReached, StaleDecision
from app.domain.ledger.accounts import AMOUNT_NANOS_MAX
from app.domain.legs.bounds import shares, wanted
from app.domain.legs.legs import Source
from app.domain.pricing.bound import Bound
from app.domain.pricing.quote import ONE_NANO
from app.domain.usage.idempotency import Claim
from app.domain.usage.requests import Asked
from app.domain.usage.tables import RequestKind
from app.flows.callers.anew import Renew, decided
from app.flows.callers.asked import Action, Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.callers.stopped import Refused
from app.flows.callers.user import Standing
from app.flows.chat.call import Call
from app.flows.chat.decide import Basis
from app.flows.chat.door import Door
from app.flows.chat.hold import Amounts, Held, Holds
from app.flows.chat.leg import LONG_BYTES, Legs
from app.flows.chat.told import Teller
from app.flows.limits.limiter import Limiter
from app.flows.modes.members import Member, Panel, source_of_legs
from app.flows.modes.plan import NOBODY, TOO_LONG, Plan, floor_of, plan
from app.flows.providers.attempt import Attempts
from app.flows.vault.uses import OwnUsesReached, take_own_use
from app.formats.account.modes import Asking
from app.formats.openai_tokens import prompt_tokens
from app.ports.providers import TokenCounter

BYTES_PER_TOKEN_MAX = 8
"""So many bytes a token of an answer is taken to have at most, for how far the hold of its reader may grow."""


class PanelDoor:
    """Begins requests that ask several models, for one process."""

    def __init__(self, door: Door, standings: Standings, limits: Limiter, holds: Holds, legs: Legs, teller: Teller,
                 counter: TokenCounter) -> None:  # fmt: skip
        self._door, self._standings, self._limits = door, standings, limits
        self._holds, self._legs, self._teller, self._counter = holds, legs, teller, counter

    async def begin(self, call: Call, asking: Asking, renew: Renew, claimed: Claim | None = None) -> Panel | Ask:
        """Begins a request, deciding anew when what the decision rested on has changed; no provider is called yet.

        Raises UnknownModel, BadField, Blocked, LimitReached, StaleDecision, Unavailable, and what `renew` does;
        StillRunning if another request has the key.
        """
        return await decided(call.snapshot, renew, partial(self._begin, call, asking, claimed))

    async def _begin(self, call: Call, asking: Asking, claimed: Claim | None, snapshot: Snapshot) -> Panel | Ask:
        call.snapshot = snapshot
        standing = await self._standings.find(snapshot, call.user)
        refused = Refused(snapshot, standing, call.request_id, asking.mode.value)
        try:
            begun = await self._hold(call, asking, standing, claimed)
        except (Blocked, LimitReached) as why:
            self._teller.refused(snapshot, call.user, why, call.request.model, call.request_id)
            self._legs.log.refused(refused, why)
            raise
        if isinstance(begun, Ask):
            self._legs.log.asked(refused, begun)
        return begun

    async def _hold(self, call: Call, asking: Asking, standing: Standing, claimed: Claim | None) -> Panel | Ask:
        snapshot, user = call.snapshot, call.user
        planned = await self._plan(call, Basis(snapshot, standing, await self._door.payer_of(call)), asking)
        if isinstance(planned, Ask):
            return planned
        call.goes_by = source_of_legs(planned.legs)
        held = Held(snapshot, self._asked(call, asking, standing, planned, claimed), standing)
        attempts = Attempts(self._legs.breakers)
        panel = Panel(call, asking, held, attempts, planned.answering, planned.writer, planned.dropped)
        is_held = False
        try:
            await self._admit(panel)
            panel.own_use = await take_own_use(standing.own, sum(leg.own is not None for leg in planned.legs))
            await self._take(panel, claimed)
            is_held = True
        except OwnUsesReached:
            return Ask(Action.LIMIT)
        except InsufficientFunds as refusal:
            return await self._door.ask(held, call, refusal)
        except StaleDecision:
            self._standings.forget(snapshot, user)
            raise
        finally:
            if not is_held:
                await self._holds.forgo(held)
                await panel.give_back_uses()
        return panel

    async def _plan(self, call: Call, basis: Basis, asking: Asking) -> Plan | Ask:
        """Plans without the models whose window is too small for the prompt, counted where its bytes might not fit."""
        is_long = call.request.prompt_bytes > LONG_BYTES or bool(asking.own_messages)

        async def planned_without(left_out: Mapping[str, str]) -> Plan | Ask:
            return await threads.PARSE.run(plan, basis, asking, left_out) if is_long else plan(basis, asking, left_out)

        planned = await planned_without(NOBODY)
        if isinstance(planned, Ask):
            return planned
        too_small = {member.model: TOO_LONG for member in planned.answering if not await self._fits(member)}
        planned = await planned_without(too_small) if too_small else planned
        if isinstance(planned, Plan):
            for member in planned.answering:
                await self._legs.fit_window(member.leg)
        return planned

    async def _fits(self, member: Member) -> bool:
        leg, window = member.leg, member.leg.offer.context_tokens_max
        least = leg.bound.output_tokens_least
        if window is None or leg.bound.prompt_tokens + least <= window:
            return True
        # What it reads of others is not there yet: its hold is made exact before it starts.
        return await threads.COUNT.run(prompt_tokens, leg.request, leg.offer, self._counter) + least <= window

    def _asked(self, call: Call, asking: Asking, standing: Standing, planned: Plan, claimed: Claim | None) -> Asked:
        snapshot, is_own = call.snapshot, call.goes_by is Source.OWN
        # What the wallet pays for is owed to a provider of the paywall's; nobody is owed anything for an own key.
        provider = next(leg.setting.name for leg in planned.legs if is_own or leg.own is None)
        return Asked(id=call.request_id, client_request_id=call.client_request_id, wallet=standing.payer,
                     kind=RequestKind.CHAT, model=asking.mode.value, provider=provider, streamed=asking.is_stream,
                     unit=snapshot.unit, price=None, claim_id=claimed.id if claimed else None,
                     terms=None if is_own else terms_of(snapshot.mode, provider, self._door.fee), source=call.goes_by,
                     key_id=snapshot.key_id, paywall_version=snapshot.version, labels=call.labels,
                     mode=asking.mode)  # fmt: skip

    async def _admit(self, panel: Panel) -> None:
        """Lets the limits count the request once, with the tokens of all its legs; they may lower what each may say."""
        held, call, members = panel.held, panel.call, panel.members
        if held.snapshot.limits is None:
            return
        bounds, heard = [member.leg.bound for member in members], call.request.prompt_bytes
        # Who heard something else so far is bounded by its bytes alone.
        own = panel.asking.own_messages
        hearers = [one for one in members if one.model not in own and one.leg.request.prompt_bytes >= heard]
        together = Bound(
            prompt_tokens=sum(bound.prompt_tokens for bound in bounds),
            output_tokens=max(bound.output_tokens for bound in bounds),
            output_tokens_least=max(bound.output_tokens_least for bound in bounds),
            choices=len(bounds),
            hearers=len(hearers),
        )
        held.admission = await self._limits.admit(
            held.snapshot, call.user, call.request, together, call.request_id, self._holds.keep
        )
        most = held.admission.bound.output_tokens
        for member in members:
            bound = member.leg.bound
            member.leg.bound = replace(bound, output_tokens=min(bound.output_tokens, most))

    async def _take(self, panel: Panel, claimed: Claim | None) -> None:
        """Holds for all legs; counts the prompts exactly only if their bytes would not fit."""
        panel.note()
        try:
            await self._holds.take(panel.held, self._amounts(panel), claimed)
        except InsufficientFunds:
            counted = [await self._legs.count_exactly(member.leg) for member in panel.members]
            if not any(counted):
                raise
            await self._holds.take(panel.held, self._amounts(panel), claimed)
        unit, members = panel.held.asked.unit, panel.members
        parts = shares(unit, [member.bound for member in members], panel.held.amount)
        for member, most in zip(members, parts, strict=True):
            _read_less(member, members)
            member.leg.output_limit = member.leg.bound.fitting_in(member.leg.offer, most)

    def _amounts(self, panel: Panel) -> Amounts:
        asked, members = panel.held.asked, panel.members
        floor = floor_of(panel.asking, members)
        most, least = wanted(asked.unit, [member.bound for member in members], floor)
        return Amounts(most, least, min(most + _growth(members), AMOUNT_NANOS_MAX))


def _read_less(member: Member, members: Sequence[Member]) -> None:
    """Lets a member's bound hold what it reads by the limits that were really granted."""
    if member.reads:
        read = sum(other.leg.output_limit for other in members if other.number in member.reads)
        bound = member.leg.bound
        member.leg.bound = replace(bound, prompt_tokens=bound.prompt_tokens - member.read_tokens + read)
        member.read_tokens = member.read_tokens_least = read


def _growth(members: Sequence[Member]) -> int:
    """Returns by how many nanos a hold may grow, because answers turn out longer in bytes than they are in tokens."""
    grown = 0
    for member in members:
        read = sum(other.leg.bound.output_tokens for other in members if other.number in member.reads)
        bound, offer = member.leg.bound, member.leg.offer
        longer = replace(bound, prompt_tokens=bound.prompt_tokens + read * (BYTES_PER_TOKEN_MAX - 1))
        grown += longer.unrounded(offer, bound.output_tokens) - bound.unrounded(offer, bound.output_tokens)
    return -(-grown // ONE_NANO)
