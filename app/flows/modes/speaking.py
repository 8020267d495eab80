"""One model of several says its part: asked, read as it speaks, ended by itself, by us or by the client's leaving.

A leg has one attempt and one deadline. What we cut is free, and so is what said nothing; an answer that its provider
breaks off is charged as far as it came (`decisions.md` 18).
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from app import threads
from app.domain import clock
from app.domain.errors import CoinslotError, InsufficientFunds, ProviderFailed
from app.domain.legs.legs import LegUse
from app.domain.legs.tables import LegStatus
from app.domain.paywalls.configuration import Disconnect
from app.domain.pricing.quote import round_up
from app.domain.safety.log import of_failure, of_model
from app.domain.usage.requests import CLIENT_GONE, EMPTY_ANSWER, Metered
from app.flows.chat.answer import Carrier, forward
from app.flows.chat.call import Run
from app.flows.chat.decide import bound_of
from app.flows.chat.hold import Holds
from app.flows.chat.leg import LONG_BYTES, Legs
from app.flows.chat.meter import HoldMeter
from app.flows.modes.begun import begun_stream
from app.flows.modes.feed import Ended, Feed, Said, paused
from app.flows.modes.members import NOTHING_USED, Member, Panel
from app.flows.providers.attempt import CIRCUIT_OPEN
from app.formats.event_stream import contents
from app.formats.openai_error import in_stream
from app.formats.openai_message import Written, choices_in
from app.formats.openai_stream import StreamMeter
from app.ports.providers import ProviderAnswer, TokenCounter

log = structlog.get_logger()

TOO_SLOW, FUNDS, TOO_LONG, STOPPED = "too_slow", "funds", "too_long", "stopped"
"""Why a leg ended, or was not asked: it took too long, money was short, there was more than it can read, whoever asked
wanted to hear no more of it."""


class Late(ProviderFailed):
    """A model had not begun to answer when its time was over."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds a leg may take, who is late once enough answered, and all of it, given whole or as a stream."""

    leg: float = 120
    late: float = 20
    whole: float = 55
    stream: float = 600


class Speaking:
    """The models of one process, each saying its part."""

    def __init__(
        self, legs: Legs, holds: Holds, carrier: Carrier, counter: TokenCounter, patience: Patience | None = None
    ) -> None:
        self._legs, self._holds, self._carrier, self._counter = legs, holds, carrier, counter
        self.patience = patience or Patience()

    def start(self, panel: Panel, member: Member, feed: Feed, *, is_shown: bool) -> "asyncio.Task[None]":
        """Lets a member speak, into the feed if that `is_shown`; what is not is shown when it has ended."""
        member.task = asyncio.create_task(self._to_its_end(panel, member, feed, is_shown=is_shown))
        return member.task

    async def _to_its_end(self, panel: Panel, member: Member, feed: Feed, *, is_shown: bool) -> None:
        began, member.has_begun = clock.monotonic_seconds(), True
        try:
            if member.is_stopped:
                member.end(LegStatus.CUT, STOPPED)
            else:
                await self._speak(panel, member, feed if is_shown else None)
        except (TimeoutError, Late):
            member.end(LegStatus.CUT, TOO_SLOW)
        except ProviderFailed as failure:
            member.end(LegStatus.FAILED, failure.reason)
        except asyncio.CancelledError:
            if member.is_stopped:
                member.end(LegStatus.CUT, STOPPED, await self._count(member, member.text))
            elif member.is_ours:
                member.end(LegStatus.CUT, TOO_SLOW)
            else:
                raise
        finally:
            member.milliseconds = round((clock.monotonic_seconds() - began) * 1_000)
            if member.leg.answer is not None:
                await member.leg.answer.close()
        if member.reason == TOO_SLOW:
            member.lost = await self._count(member, member.text)
        panel.note()
        if is_shown or member is panel.writer or not member.text:
            if member.use.tokens is not None:
                await self.checkpoint(panel)
            await feed.put(Ended(member))
        elif feed.keep_back(Ended(member, shows_text=True)):
            await self.checkpoint(panel)

    async def _speak(self, panel: Panel, member: Member, feed: Feed | None) -> None:
        """Asks a member, and reads what it says; one that is left alone at the moment is passed by.

        Raises ProviderFailed, and TimeoutError where it is too slow.
        """
        leg = member.leg
        attempt = panel.attempts.admit(panel.name_of(member), is_own_key=leg.own is not None)
        if attempt is None:
            member.end(LegStatus.SKIPPED, CIRCUIT_OPEN)
            return
        with attempt:
            deadline = clock.monotonic_seconds() + self.patience.leg
            try:
                async with asyncio.timeout(self.patience.leg):
                    await self._legs.ask(panel.held, leg)
                    if leg.answer is None:
                        raise ProviderFailed("The provider has not begun to answer.")
                    leg.answer = await begun_stream(leg.answer, is_filter_failure=False)
            except TimeoutError:
                raise Late(f"`{member.model}` did not begin to answer in time.", timed_out=True) from None
            attempt.has_begun(attempt.milliseconds)
        async with asyncio.timeout(deadline - clock.monotonic_seconds()) as limit:
            await self._read(panel, member, leg.answer, feed, limit)

    async def checkpoint(self, panel: Panel) -> None:
        """Keeps what legs used that have ended, while others run: should the process die, what was shown is charged."""
        if not all(member.has_ended for member in panel.members):
            with suppress(CoinslotError):  # the settlement says it all once more
                await self._holds.extend_legs(panel.held)

    async def _read(
        self, panel: Panel, member: Member, answer: ProviderAnswer, feed: Feed | None, deadline: asyncio.Timeout
    ) -> None:
        leg, meter = member.leg, StreamMeter()
        meter.redactor = answer.redactor

        async def tell(text: str) -> None:
            if feed is not None and text:
                await _put(feed, Said(member, text), deadline)
            member.text += text  # what was not handed on when it was stopped, nobody has read

        async def say(data: bytes) -> None:
            for text in _texts(data, member):
                await tell(text if member.marks is None else member.marks.feed(text))

        watch = HoldMeter(self._legs, Run(panel.held, leg), self._counter, meter.bound)
        end = await forward(answer, meter, watch, say)
        deadline.reschedule(None)  # all of it is there; counting it is our time
        if member.marks is not None:
            await tell(member.marks.end())
        stopped = in_stream(meter.kept or ()) + (() if end.failure is None else of_failure(end.failure))
        panel.held.stopped += of_model(stopped, member.model)
        is_cut = end.failure is not None or end.stopped is not None
        metered = await self._carrier.meter_delivered(leg, meter, None, is_cut=is_cut)
        metered = self._legs.learn(panel.held, leg, metered if end.within is None else end.within(metered))
        if meter.is_done:
            await answer.finish()
            leg.answer = None  # what has come to its end is not closed: its connection is used again
        if not member.text.strip():
            member.end(LegStatus.FAILED, EMPTY_ANSWER if end.failure is None else end.failure.reason)
            member.lost = metered
        elif end.failure is not None:
            member.end(LegStatus.CUT, end.failure.reason, metered)
        else:
            member.finish = "length" if end.stopped is not None else member.finish
            member.end(LegStatus.ANSWERED, None, metered)

    async def cut(self, *members: Member) -> None:
        """Ends members who are late: nobody pays for them. One that was stopped is ending, and is waited for."""
        running = [member for member in members if member.task is not None and not member.task.done()]
        for member in running:
            member.is_ours = not member.is_stopped
        await _end([member for member in running if member.is_ours])
        ending = [member.task for member in running if member.is_stopped and member.task is not None]
        if ending:
            await asyncio.wait(ending)

    def stop(self, member: Member) -> bool:
        """Ends a member whom whoever asked wants to hear no more of, and tells whether it still spoke.

        What it has said by then is what is charged. What is ending already is let end: a second interruption would
        end the request with it. So would one of a task that has not begun: that one asks nobody then.
        """
        if member.task is None or member.task.done() or member.has_ended or member.is_stopped or member.is_ours:
            return False
        member.is_stopped = True
        return member.task.cancel() if member.has_begun else True

    async def leave(self, panel: Panel) -> None:
        """Ends everybody whom the client has left, at once; what of them was delivered is what is charged."""
        await _end(panel.members)
        for member in panel.members:
            if member.task is None or (member.has_ended and member.delivered >= len(member.text)):
                continue
            was_ours = member.status is LegStatus.CUT and member.reason == TOO_SLOW
            spent = member.metered if member.metered.tokens else await self._count(member, member.text)
            metered = await self._count(member, "" if was_ours else member.text[: member.delivered])
            member.lost = NOTHING_USED if metered.tokens else spent
            member.has_ended = False
            member.end(LegStatus.CUT, TOO_SLOW if was_ours else CLIENT_GONE, metered)
        panel.note()

    async def _count(self, member: Member, text: str) -> Metered:
        """Returns what of a member is charged that has said so much when it was ended; its provider says nothing."""
        if not text:
            return Metered(None)
        return await self._carrier.count(member.leg, None, Written(text), Disconnect.CANCEL)

    async def may_read(self, panel: Panel, member: Member, texts: list[str]) -> str | None:
        """Gives a member what others answered to read, once the hold pays for exactly that; returns why not, if not."""
        assert member.compose is not None  # noqa: S101 - who reads nothing is started at once
        leg, limit = member.leg, member.leg.output_limit
        is_long = leg.request.prompt_bytes + sum(map(len, texts)) > LONG_BYTES
        request = await threads.PARSE.run_surely(member.compose, texts) if is_long else member.compose(texts)
        leg.request = request.sent_as(leg.request.model)  # at the host of an own key too it has a name of its own
        exact = bound_of(leg.request, leg.offer, is_priced=leg.own is None)
        leg.bound = replace(exact, output_tokens=limit, output_tokens_first=0,
                            output_tokens_least=min(exact.output_tokens_least, limit))  # fmt: skip
        reason = await self._window(member)
        reason = reason or await self._unpaid(panel, member)
        if reason == FUNDS and await self._legs.count_exactly(leg):
            reason = await self._unpaid(panel, member)  # in bytes it was too much; counted it may not be
        if reason is not None:
            member.end(LegStatus.SKIPPED, reason)
            panel.note()
        return reason

    async def _window(self, member: Member) -> str | None:
        """Lowers an output to what the window leaves; returns why it leaves nothing."""
        leg, window = member.leg, member.leg.offer.context_tokens_max
        if window is None or leg.bound.tokens <= window:
            return None
        await self._legs.count_exactly(leg)
        left = window - leg.bound.prompt_tokens
        if left < leg.bound.output_tokens_least:
            return TOO_LONG
        leg.output_limit = min(leg.output_limit, left)
        leg.bound = replace(leg.bound, output_tokens=leg.output_limit)
        return None

    async def _unpaid(self, panel: Panel, member: Member) -> str | None:
        """Raises the hold to what a member may come to beside what the others have used; returns why not, if not."""
        held, leg = panel.held, member.leg
        used = [other.use for other in panel.members if other is not member]
        needed = sum(use.parts for use in used) + leg.bound.unrounded(leg.offer, leg.bound.output_tokens)
        needed += sum(_still(other) for other in panel.members if other is not member)
        whole = round_up(held.asked.unit, needed, _minimum(used, member))
        if whole <= held.amount:
            return None
        try:
            await self._holds.extend_legs(held, whole - held.amount)
        except CoinslotError as refusal:
            log.info("modes", step="extend", request=held.asked.id, refusal=refusal.message)
            return FUNDS if isinstance(refusal, InsufficientFunds) else refusal.code
        return None if held.amount >= whole else FUNDS


def _still(member: Member) -> int:
    """Returns what a member may still come to that has not ended, in parts of a nano: of a chain, who comes later."""
    return 0 if member.has_ended else member.bound.whole


def _minimum(used: list[LegUse], member: Member) -> int:
    return max((use.price.minimum_nanos for use in used), default=member.leg.offer.price.minimum_nanos)


async def _put(feed: Feed, said: Said, deadline: asyncio.Timeout) -> None:
    """Hands on what was said; no time passes while a slow reader is waited for."""
    if not feed.is_full(said.member):
        await feed.put(said)
        return
    with paused(deadline):
        await feed.put(said)


async def _end(members: Iterable[Member]) -> None:
    """Cancels what members are doing, all at once, and waits until it has ended."""
    tasks = [member.task for member in members if member.task is not None]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _texts(data: bytes, member: Member) -> list[str]:
    """Returns the texts of events, and notes how the answer says that it ends."""
    texts = []
    for choice in choices_in(contents(data)):
        finish, delta = choice.get("finish_reason"), choice.get("delta")
        member.finish = finish if isinstance(finish, str) and finish else member.finish
        text = delta.get("content") if isinstance(delta, dict) else None
        if isinstance(text, str) and text:
            texts.append(text)
    return texts
