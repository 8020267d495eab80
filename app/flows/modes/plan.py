"""Which models a request asks and who pays for each, decided before any money moves. Pure, over what that rests on.

A model that is not priced, or not open to whoever asks, refuses the request before any provider is called; one that
cannot take this request is left out, and named.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from app.domain.credits.history import RESERVES
from app.domain.errors import BadField
from app.domain.usage.tables import RequestMode
from app.flows.callers.asked import Action, Ask
from app.flows.chat.call import Leg
from app.flows.chat.decide import Basis, Go, decide_on, find_offer
from app.flows.modes.members import Dropped, Member
from app.flows.modes.prompts import to_blend, to_go_on, to_judge
from app.formats.account.modes import Asking, Strategy
from app.formats.account.sources import SourceMarks
from app.formats.openai_request import ChatRequest, read_chat_request

JUDGE_OUTPUT_TOKENS = 4_096
"""How long a verdict may be, with what its judge thinks before it."""
ENOUGH = {RequestMode.COMPARE: 1, RequestMode.BLEND: 2, RequestMode.JUDGE: 1}
"""How many answers are enough."""
CANNOT_TAKE, TOO_LONG = "cannot_take", "too_long"
"""Why a model is left out: something in the request is not for it, or all of it is more than it can read."""
_WORDS = {CANNOT_TAKE: "cannot read what it holds", TOO_LONG: "has no window for so much"}
NOBODY: Mapping[str, str] = MappingProxyType({})
_SEEDS = random.SystemRandom()

MadeOf = Callable[[Sequence[str]], Sequence[Mapping[str, Any]]]
"""Makes messages of what others answered."""
Decide = Callable[[ChatRequest], Go | Ask]
"""Decides what becomes of one model's part, and who pays for it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is asked, who reads their answers, and who was left out."""

    answering: Sequence[Member]
    writer: Member | None
    dropped: Sequence[Dropped]

    @property
    def legs(self) -> Sequence[Leg]:
        """The parts of all who may be asked, in order."""
        members = self.answering if self.writer is None else (*self.answering, self.writer)
        return [member.leg for member in members]


def plan(basis: Basis, asking: Asking, left_out: Mapping[str, str] = NOBODY) -> Plan | Ask:
    """Decides who is asked, without those who are `left_out`, each for a reason; and who pays for each of them.

    Raises UnknownModel, Blocked, and BadField, also where too few of the models can take the request.
    """
    decide = partial(decide_on, basis)
    for model in (*asking.models, *([asking.writer] if asking.writer is not None else ())):
        find_offer(basis.snapshot, model)
    # A conversation may be long, and is read once for all who hear the same.
    same = _request(asking, asking.models[0], lambda _: asking.messages, [""])
    answering: list[Member] = []
    dropped = [Dropped(model, reason) for model, reason in left_out.items()]
    for model in (model for model in asking.models if model not in left_out):
        try:
            member = _answering(decide, asking, same.sent_as(model), answering)
        except BadField as why:
            if why.code != "unsupported_field":
                raise
            dropped.append(Dropped(model, CANNOT_TAKE))
            continue
        if isinstance(member, Ask):
            return member
        answering.append(member)
    least = ENOUGH[asking.mode]
    if len(answering) < least:
        reasons = ", ".join(f"`{one.model}` {_WORDS[one.reason]}" for one in dropped)
        message = f"Of these models {len(answering)} can take this request, and {least} must: {reasons}."
        raise BadField("messages", message, "unsupported_field")
    writer = None if asking.writer is None else _writer(decide, asking, asking.writer, answering)
    return writer if isinstance(writer, Ask) else Plan(answering, writer, dropped)


def order_of(seed: int, count: int) -> Sequence[int]:
    """Returns the order in which a judge reads so many answers: the place of each among them."""
    return random.Random(seed).sample(range(count), count)


def floor_of(asking: Asking, members: Sequence[Member]) -> int:
    """Returns the least that is held for members, in nanos: what the mode reserves; nothing where own keys pay all."""
    minimums = [member.leg.offer.price.minimum_nanos for member in members if member.leg.own is None]
    return max(RESERVES[asking.mode], *minimums) if minimums else 0


def naming(ask: Ask, model: str) -> Ask:
    """Returns what a user is asked for with that one of several models for which it is."""
    if ask.action is Action.OWN_KEY:
        return replace(ask, beside=f"The model that no key of yours may answer is `{model}`.")
    return replace(ask, beside=f"{ask.beside} The model that is not open yet is `{model}`.") if ask.beside else ask


def _answering(decide: Decide, asking: Asking, same: ChatRequest, before: Sequence[Member]) -> Member | Ask:
    """Returns the part of a model that is asked the `same` as others, unless it heard something else."""
    model = same.model
    if asking.strategy is not Strategy.CHAIN or not before:
        own = asking.own_messages.get(model)
        return _member(decide, same if own is None else _request(asking, model, lambda _: own, [""]), len(before))
    compose = partial(_request, asking, model, lambda answers: to_go_on(asking.messages, answers[0]))
    return _reading(_member(decide, compose([""]), len(before)), compose, before[-1:])


def _writer(decide: Decide, asking: Asking, model: str, answering: Sequence[Member]) -> Member | Ask:
    compose = partial(_request, asking, model, _made_of(asking))
    writer = _reading(_member(decide, compose([""] * len(answering)), len(answering)), compose, answering)
    if isinstance(writer, Member) and asking.mode is RequestMode.BLEND:
        writer.marks = SourceMarks()
    if isinstance(writer, Member) and asking.mode is RequestMode.JUDGE:
        bound, writer.seed = writer.leg.bound, _SEEDS.getrandbits(32)
        most = min(bound.output_tokens, max(JUDGE_OUTPUT_TOKENS, bound.output_tokens_least))
        writer.leg.bound = replace(bound, output_tokens=most)
    return writer


def _made_of(asking: Asking) -> MadeOf:
    if asking.mode is RequestMode.JUDGE:
        return lambda answers: to_judge(asking.messages, asking.criteria, answers)
    strategy = asking.strategy or Strategy.CONSENSUS
    return lambda answers: to_blend(asking.messages, strategy, answers)


def _member(decide: Decide, request: ChatRequest, number: int) -> Member | Ask:
    decision = decide(request)
    if isinstance(decision, Ask):
        return naming(decision, request.model)
    bound, most = decision.bound, decision.offer.output_tokens_max
    # What a model can write at most is known here: a longer limit of the client's would only be refused there.
    output = bound.output_tokens if most is None else min(bound.output_tokens, most)
    least = min(bound.output_tokens_least, output)
    # Several share one hold: each has all of its own from the beginning.
    bound = replace(bound, output_tokens=output, output_tokens_least=least, output_tokens_first=0)
    leg = Leg(decision.request, decision.setting, decision.offer, bound, own=decision.own)
    return Member(number, leg)


def _reading(
    member: Member | Ask, compose: Callable[[Sequence[str]], ChatRequest], read: Sequence[Member]
) -> Member | Ask:
    """Lets a member read what others answer, and its bound hold that by their output limits (`decisions.md` 2)."""
    if isinstance(member, Ask):
        return member
    member.compose, member.reads = compose, tuple(other.number for other in read)
    member.read_tokens = sum(other.leg.bound.output_tokens for other in read)
    member.read_tokens_least = sum(other.leg.bound.output_tokens_least for other in read)
    bound = member.leg.bound
    member.leg.bound = replace(bound, prompt_tokens=bound.prompt_tokens + member.read_tokens)
    return member


def _request(asking: Asking, model: str, made_of: MadeOf, answers: Sequence[str]) -> ChatRequest:
    """Returns what a model is asked: always for a stream, so that what it has said is known when it is cut."""
    messages, options = made_of(answers), dict(asking.options)
    if asking.mode is RequestMode.JUDGE and model == asking.writer:
        options.pop("max_tokens", None)  # that is how long an answer may be, not a verdict
        options["response_format"] = {"type": "json_object"}
    return read_chat_request({**options, "model": model, "messages": list(messages), "stream": True,
                              "stream_options": {"include_usage": True}})  # fmt: skip
