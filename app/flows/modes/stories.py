"""What each mode does: who speaks when, how many answers are enough, who reads them, and what comes of it.

Blend and Judge wait a little for the late once enough have answered. Where the reader of the answers cannot be paid
for, or fails, the answers stand without it. Of a blend nobody is shown an answer before enough have answered: of too
few nothing is charged, and whoever chooses the models may choose one that fails when they want.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.domain import clock
from app.domain.errors import AllRoutesOpen, CoinslotError, OwnKeyUnavailable, ProviderFailed
from app.domain.legs.tables import LegStatus
from app.domain.usage.tables import RequestMode
from app.flows.modes.feed import Feed
from app.flows.modes.members import Member, Panel
from app.flows.modes.plan import ENOUGH, order_of
from app.flows.modes.prompts import letter_of
from app.flows.modes.speaking import STOPPED, TOO_SLOW, Speaking
from app.flows.modes.verdict import Verdict, read_verdict
from app.formats.account.modes import Strategy

NO_VERDICT = "no_verdict"
"""Why a judge is free: what it wrote was not one verdict that fits."""


class NotEnough(ProviderFailed):
    """Too few models answered; nobody is charged for those that did."""

    code = "not_enough_answers"


class StoppedEarly(CoinslotError):
    """Too few models answered, because whoever asked wanted to hear no more of others: what these said stands."""

    code = STOPPED


@dataclass(slots=True)
class Outcome:
    """What came of a request: the member whose text is the answer, or a verdict; `reason` says why there is none.

    `read` are the members whose answers were read, in that order.
    """

    final: Member | None = None
    verdict: Verdict | None = None
    reason: str | None = None
    read: Sequence[Member] = ()


async def tell(speaking: Speaking, panel: Panel, feed: Feed) -> Outcome:
    """Runs a request to its end, and says who spoke into the feed. Raises NotEnough, AllRoutesOpen."""
    try:
        _check_open(panel)
        return await _STORIES[panel.asking.mode](speaking, panel, feed)
    except StoppedEarly:
        feed.release()
        return Outcome(reason=STOPPED)
    finally:
        feed.end()


async def _compare(speaking: Speaking, panel: Panel, feed: Feed) -> Outcome:
    await _gather(speaking, panel, feed, is_shown=True)
    _usable(panel)
    return Outcome()


async def _blend(speaking: Speaking, panel: Panel, feed: Feed) -> Outcome:
    if panel.asking.strategy is Strategy.CHAIN:
        return await _chain(speaking, panel, feed)
    await _gather(speaking, panel, feed, is_shown=False)
    usable = _usable(panel)
    return await _write(speaking, panel, feed, usable, is_shown=True)


async def _judge(speaking: Speaking, panel: Panel, feed: Feed) -> Outcome:
    await _gather(speaking, panel, feed, is_shown=True)
    usable, judge = _usable(panel), panel.writer
    assert judge is not None and judge.seed is not None  # noqa: S101 - the plan of this mode has one
    ordered = [usable[at] for at in order_of(judge.seed, len(usable))]
    outcome = await _write(speaking, panel, feed, ordered, is_shown=False)
    if outcome.final is None:
        return outcome
    verdict = read_verdict(judge.text, [letter_of(place) for place in range(len(ordered))])
    if verdict is None:
        judge.make_free(NO_VERDICT)
    return Outcome(verdict=verdict, reason=None if verdict is not None else NO_VERDICT, read=ordered)


async def _write(
    speaking: Speaking, panel: Panel, feed: Feed, read: Sequence[Member], *, is_shown: bool
) -> Outcome:  # fmt: skip
    """Lets the writer read answers and write, if the hold can be made to pay for that."""
    writer = panel.writer
    assert writer is not None  # noqa: S101 - the plan of these modes has one
    reason = await speaking.may_read(panel, writer, [member.text for member in read])
    if reason is None:
        await speaking.start(panel, writer, feed, is_shown=is_shown)
        reason = None if writer.is_usable else writer.reason
    return Outcome(final=writer if reason is None else None, reason=reason, read=read)


async def _chain(speaking: Speaking, panel: Panel, feed: Feed) -> Outcome:
    """Lets one go on after the other, as long as there is time for another: nothing is free for taking too long."""
    last: Member | None = None
    usable: list[Member] = []
    patience, least = speaking.patience, ENOUGH[RequestMode.BLEND]
    until = clock.monotonic_seconds() + max(patience.stream - patience.leg, 0)
    for member in panel.answering:
        if last is not None and clock.monotonic_seconds() > until:
            member.end(LegStatus.SKIPPED, TOO_SLOW)
            continue
        if last is not None and await speaking.may_read(panel, member, [last.text]) is not None:
            continue
        await speaking.start(panel, member, feed, is_shown=False)
        if member.is_usable:
            last = member
            usable.append(member)
        if len(usable) >= least and feed.release():
            await speaking.checkpoint(panel)
    _usable(panel)
    return Outcome(final=last, read=usable[:-1])


async def _gather(speaking: Speaking, panel: Panel, feed: Feed, *, is_shown: bool) -> None:
    """Waits for all who answer: once enough have, only a little longer, but where each answer is one of its own."""
    tasks = {speaking.start(panel, member, feed, is_shown=is_shown) for member in panel.answering}
    waits_for_all, least = panel.asking.mode is RequestMode.COMPARE, ENOUGH[panel.asking.mode]
    until = None if panel.seconds is None else clock.monotonic_seconds() + panel.seconds
    while tasks:
        left = None if until is None else max(until - clock.monotonic_seconds(), 0)
        done, tasks = await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        _raise_bugs(done)
        if until is not None and not done:
            await speaking.cut(*panel.answering)
            return
        enough = sum(member.is_usable for member in panel.answering) >= least
        if enough and feed.release():
            await speaking.checkpoint(panel)
        if enough and until is None and not waits_for_all:
            until = clock.monotonic_seconds() + speaking.patience.late


def _check_open(panel: Panel) -> None:
    """Raises AllRoutesOpen where so many models are left alone at the moment that too few are there to answer."""
    breakers, names = panel.attempts.breakers, [panel.name_of(member) for member in panel.answering]
    passed_by = [name for name in names if breakers.is_passed_by(name)]
    least = ENOUGH[panel.asking.mode]
    if len(names) - len(passed_by) < least:
        message = f"{len(passed_by)} of {len(names)} models are left alone at the moment, because they failed."
        raise AllRoutesOpen(message, breakers.wait_seconds(passed_by))


def _raise_bugs(done: Collection["asyncio.Task[None]"]) -> None:
    for task in done:
        task.result()


def _usable(panel: Panel) -> Sequence[Member]:
    """Returns who answered with something to read.

    Raises NotEnough, which says what became of the others, StoppedEarly where some of those were stopped,
    OwnKeyUnavailable where that is all that failed.
    """
    usable = [member for member in panel.answering if member.is_usable]
    others = [member for member in panel.answering if not member.is_usable]
    least = ENOUGH[panel.asking.mode]
    if len(usable) >= least:
        return usable
    if {member.reason for member in others} == {OwnKeyUnavailable.code}:
        raise OwnKeyUnavailable("Your own key cannot be used: look after it in your settings. Nothing was charged.")
    told = ", ".join(f"{member.model}: {member.reason}" for member in others)
    message = f"{len(usable)} of {len(panel.answering)} models answered, and {least} must ({told})."
    if any(member.is_stopped for member in others):
        raise StoppedEarly(message)
    raise NotEnough(message, timed_out=all(member.reason == TOO_SLOW for member in others))


_STORIES = {RequestMode.COMPARE: _compare, RequestMode.BLEND: _blend, RequestMode.JUDGE: _judge}
