"""The models of one request that asks several, and what became of each so far."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.domain.legs.bounds import LegBound
from app.domain.legs.legs import LegUse, Source
from app.domain.legs.tables import LegStatus
from app.domain.pricing.quote import Tokens
from app.domain.routing.breaker import BreakerName
from app.domain.usage.requests import INTERRUPTED, Metered
from app.flows.chat.call import Call, Leg
from app.flows.chat.hold import Held
from app.flows.providers.attempt import Attempts
from app.flows.providers.breakers import name_of
from app.flows.vault.uses import OwnUse
from app.formats.account.modes import Asking
from app.formats.account.sources import SourceMarks
from app.formats.openai_request import ChatRequest

Compose = Callable[[Sequence[str]], ChatRequest]
"""Makes what a model is asked of what others answered."""
NOTHING_USED = Metered(None)


@dataclass(slots=True)
class Member:
    """One model's part. `reads` are the numbers of the members whose answers its prompt is made of by `compose`: its
    bound holds them at `read_tokens`, by their limits, which are `read_tokens_least` at least.

    `marks` takes out of what it says which answers each paragraph rests on, where it is asked for that. `text` is what
    it has said, of which the client was given `delivered` characters; `finish` how it says that it
    ended, `milliseconds` how long that took. `metered` is what it is charged for, `lost` what it used that nobody pays
    for. `is_ours` says that we ended it, `is_stopped` that whoever asked did;
    `has_begun` that a step of its task has run, which alone can be interrupted.
    """

    number: int
    leg: Leg
    reads: Sequence[int] = ()
    read_tokens: int = 0
    read_tokens_least: int = 0
    compose: Compose | None = None
    seed: int | None = None
    marks: SourceMarks | None = None
    text: str = ""
    delivered: int = 0
    finish: str | None = None
    milliseconds: int = 0
    status: LegStatus = LegStatus.SKIPPED
    reason: str | None = None
    metered: Metered = NOTHING_USED
    lost: Metered = NOTHING_USED
    has_ended: bool = False
    is_ours: bool = False
    is_stopped: bool = False
    has_begun: bool = False
    task: "asyncio.Task[None] | None" = None

    @property
    def model(self) -> str:
        """The model's name here."""
        return self.leg.offer.price.model

    @property
    def is_usable(self) -> bool:
        """Whether it answered, with something to read."""
        return self.status is LegStatus.ANSWERED and bool(self.text.strip())

    @property
    def bound(self) -> LegBound:
        """What it may come to, whole and at least: what it reads is shorter where others may say less."""
        bound, offer = self.leg.bound, self.leg.offer
        least = replace(bound, prompt_tokens=bound.prompt_tokens - self.read_tokens + self.read_tokens_least)
        return LegBound(bound.unrounded(offer, bound.output_tokens), least.unrounded(offer, bound.output_tokens_least))

    @property
    def use(self) -> LegUse:
        """What is written of it; as long as it speaks, what will be true should its process die."""
        tokens, is_speaking = self.metered.tokens, self.task is not None and not self.has_ended
        return LegUse(
            leg=self.number,
            model=self.model,
            provider=self.leg.setting.name,
            price=self.leg.offer.price,
            status=LegStatus.CUT if is_speaking else self.status,
            tokens=tokens if tokens is not None and tokens.output else None,
            source=source_of_legs([self.leg]),
            is_estimated=self.metered.estimated,
            reported_nanos=self.metered.provider_cost_nanos,
            reason=INTERRUPTED if is_speaking else self.reason,
            seed=self.seed,
            unpaid=self.lost.tokens,
        )

    def end(self, status: LegStatus, reason: str | None = None, metered: Metered | None = None) -> None:
        """Says what became of it, once."""
        if not self.has_ended:
            self.has_ended, self.status, self.reason = True, status, reason
            self.metered = NOTHING_USED if metered is None else metered

    def make_free(self, reason: str) -> None:
        """Says that it costs nothing after all, because nothing came of it."""
        self.status, self.reason = LegStatus.FAILED, reason
        self.metered, self.lost = NOTHING_USED, self.metered

    @property
    def tokens(self) -> Tokens:
        """What it is charged for."""
        return self.use.tokens or Tokens(0, 0)


def source_of_legs(legs: Sequence[Leg]) -> Source:
    """Returns who pays for legs together: their user where each goes by an own key, else the wallet pays for some."""
    return Source.OWN if all(leg.own is not None for leg in legs) else Source.PLATFORM


@dataclass(frozen=True, slots=True)
class Dropped:
    """A model that was not asked, because it could not have taken the request."""

    model: str
    reason: str


@dataclass(slots=True)
class Panel:
    """A request that asks several models: those that answer it, and the one that reads their answers, if any.

    `attempts` let each of them be asked, or have it passed by. `own_use` is what was counted of its user's own keys,
    None where nobody bounds them. `has_left` says that its client went away and it is carried to its end all the same.
    `seconds` is how long they may take where late ones are left out and the others given whole. Nothing has `stopped`
    it as money stops a chat: legs end alone.
    """

    call: Call
    asking: Asking
    held: Held
    attempts: Attempts
    answering: Sequence[Member]
    writer: Member | None = None
    dropped: Sequence[Dropped] = ()
    own_use: OwnUse | None = None
    has_left: bool = False
    stopped: None = None
    seconds: float | None = None

    @property
    def id(self) -> str:
        """The request's id."""
        return self.held.asked.id

    @property
    def source(self) -> Source:
        """Who pays: the user where each model goes by an own key, else the wallet for some."""
        return source_of_legs([member.leg for member in self.members])

    @property
    def members(self) -> Sequence[Member]:
        """All of them, in order."""
        return self.answering if self.writer is None else (*self.answering, self.writer)

    def name_of(self, member: Member) -> BreakerName:
        """Returns what the breaker of a member's model is called."""
        leg = member.leg
        return name_of(self.held.asked.wallet.paywall_id, leg.setting, leg.request.model, leg.own)

    def note(self) -> None:
        """Lets the hold know what became of them so far."""
        self.held.legs = tuple(member.use for member in self.members)

    async def give_back_uses(self) -> None:
        """Counts the own keys no longer that did not go out: their models were not asked. Raises Unavailable."""
        used, self.own_use = self.own_use, None
        unused = sum(one.leg.own is not None and one.status is LegStatus.SKIPPED for one in self.members)
        if used is not None and unused:
            await used.give_back(unused)

    def make_all_free(self) -> None:
        """Says that nobody pays for any of them."""
        self.held.legs = tuple(member.use.as_free for member in self.members)
