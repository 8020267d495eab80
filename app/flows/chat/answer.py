"""Carries a provider's answer to the client and settles it: streamed event by event, or whole.

`[DONE]` waits for the settlement's commit. A client that goes away cancels the provider, and pays for what was
delivered to it, unless the paywall says that this is free; an answer that is carried to its end all the same is made by
`app/flows/chat/delivery.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson

from app import threads
from app.domain.errors import ProviderFailed, Unavailable
from app.domain.ledger.operations import Applied
from app.domain.paywalls.configuration import Disconnect
from app.domain.safety.log import of_failure
from app.domain.usage.idempotency import ChatAnswer
from app.domain.usage.requests import CLIENT_GONE, Metered
from app.flows.callers.asked import Stopped
from app.flows.chat.call import Leg, Run
from app.flows.chat.end import DONE, Wording, error_event, stream_tail, worded
from app.flows.chat.hold import Keep
from app.flows.chat.leg import Legs
from app.flows.chat.lowered import LoweredLimit, cut_choices, stopped_at_lowered_limit, with_link
from app.flows.chat.meter import HoldMeter
from app.flows.chat.upstream import beginning, completion, failure_of, fed, leave, read_behind, read_whole, within
from app.formats.openai_error import in_completion, in_stream
from app.formats.openai_message import Written, written_in
from app.formats.openai_stream import StreamMeter
from app.formats.openai_tokens import count_answer
from app.formats.openai_usage import Usage, usage_of
from app.ports.providers import ProviderAnswer, TokenCounter

Send = Callable[[bytes], Awaitable[None]]


KeepBytes = Callable[[Applied, bytes], ChatAnswer]
"""Makes what is kept of an answer out of its settlement and its last bytes."""


@dataclass(slots=True)
class End:
    """How the forwarding of a stream ended: well, with the provider's failure, or because money ran out.

    `lowered` keeps what ended it at a limit that money had lowered.
    """

    failure: ProviderFailed | None = None
    stopped: Stopped | None = None
    lowered: LoweredLimit | None = None
    within: Callable[[Metered], Metered] | None = None


class Carrier:
    """Carries answers for one process."""

    def __init__(self, legs: Legs, counter: TokenCounter) -> None:
        self._legs = legs
        self._counter = counter

    async def whole(self, run: Run, wording: Wording, keep: KeepBytes | None = None) -> bytes:
        """Returns the provider's JSON with our `paywall` field added, after it was charged.

        Raises ProviderFailed if it is no chat completion, or not there in time where somebody waits for no longer, and
        Unavailable if it could not be charged yet.
        """
        answer = _answer_of(run)
        metered: Metered | None = None
        try:
            reading = read_whole(answer, run.leg.whole_bytes_max)
            raw, content = completion(await within(run.leg.deadline, reading), answer)
            run.held.stopped += in_completion(content)
            metered = await self._meter_whole(run, content)
        except ProviderFailed as error:
            run.held.failure = error.reason
            run.held.stopped += of_failure(error)
            raise
        finally:
            if metered is None:
                await asyncio.shield(self._legs.keep(self._conclude(run, answer, None)))
        if run.has_left:
            metered = Metered(metered.tokens, metered.estimated, Disconnect.DRAIN, metered.provider_cost_nanos)

        if stopped_at_lowered_limit(run, metered, cut_choices(content)):
            run.stopped = run.leg.lowered_by

        def body(settled: Applied) -> bytes:
            return worded(lambda: _whole(run, raw, content, wording, settled), raw, run.id)

        return body(await self._conclude(run, answer, metered, _keeping(run, keep, body)))

    async def _conclude(
        self, run: Run, answer: ProviderAnswer, metered: Metered | None, keep: Keep | None = None
    ) -> Applied:
        """Closes the answer and charges what was used, nothing if that is None; whatever breaks, the hold ends."""
        if metered is None and run.held.failure is None:
            run.held.failure = CLIENT_GONE
        try:
            await answer.close()
        finally:
            ended = await (self._legs.release(run) if metered is None else self._legs.settle(run, metered, keep))
        return ended

    async def _meter_whole(self, run: Run, content: dict[str, Any]) -> Metered:
        usage = usage_of(content)
        if usage is not None and (tokens := usage.tokens) is not None:
            return Metered(tokens, provider_cost_nanos=usage.cost_nanos)
        is_said = usage is not None and usage.output is not None
        return await self.count(run.leg, usage, Written("") if is_said else written_in([content]), None)

    async def count(
        self, leg: Leg, usage: Usage | None, written: Written | None, disconnect: Disconnect | None
    ) -> Metered:
        """Returns what the provider said was used, as far as that can be of all that was written; we count the rest."""
        usage = usage or Usage()
        if written is not None and not written and not usage.output:
            return Metered(None, disconnect=disconnect)
        bound = leg.output_limit * leg.bound.choices
        counted = await threads.COUNT.run_surely(count_answer, leg.request, leg.offer, written, self._counter, bound)
        if usage.output is not None and usage.output < counted.output:
            usage = replace(usage, output=None, cost_nanos=None)
        return Metered(usage.filled(counted), usage.tokens is None, disconnect, usage.cost_nanos)

    async def stream(self, run: Run, send: Send, wording: Wording, keep: KeepBytes | None = None) -> bytes:
        """Forwards a stream, and returns what it ends with, as its settlement allows.

        Raises ProviderFailed if it breaks before anything was sent; the hold is released by then. Raises Unavailable
        instead of the end if it could not be charged yet. When the task is cancelled, the client is gone: what was
        delivered is charged before CancelledError goes on.
        """
        answer, meter = _answer_of(run), StreamMeter(run.leg.request.wants_usage)
        meter.redactor = answer.redactor
        is_left = True
        try:
            run.meter = watch = HoldMeter(self._legs, run, self._counter, meter.bound)
            lowered = None if run.leg.lowered_by is None else LoweredLimit(run, send)
            end = await forward(answer, meter, watch, send if lowered is None else lowered.send)
            end.lowered, run.stopped, is_left = lowered, end.stopped, False
        except ProviderFailed as error:
            is_left, run.held.failure = False, error.reason
            await asyncio.shield(self._legs.keep(self._conclude(run, answer, None)))
            raise
        finally:
            run.meter = None  # it knows the run: they would keep each other, and all that was asked
            if is_left:
                with suppress(Unavailable):  # it lands later; what ended the stream goes on
                    await asyncio.shield(self._legs.keep(self._leave(run, answer, meter)))
        return await self._finish(run, answer, meter, end, wording, keep)

    async def _leave(self, run: Run, answer: ProviderAnswer, meter: StreamMeter) -> None:
        """Ends a stream whose client is gone, as the paywall says.

        One with a key ends this way only when the process stops: it costs nothing, and its retry runs.
        """
        policy = run.held.snapshot.configuration.disconnect
        if run.held.asked.claim_id is not None:
            await self._conclude(run, answer, None)
            return
        metered = Metered(None)
        try:
            try:
                await leave(answer, meter)
            finally:
                metered = await self.meter_delivered(run.leg, meter, policy, is_cut=True)
        finally:
            await self._legs.settle(run, metered, is_free=policy is Disconnect.FREE)

    async def meter_delivered(
        self, leg: Leg, meter: StreamMeter, disconnect: Disconnect | None, *, is_cut: bool
    ) -> Metered:
        """Returns what a stream used: as its provider says, as far as that can be of all that was delivered."""
        tokens = meter.final_tokens(is_cut=is_cut)
        if tokens is not None and meter.usage is not None:
            return Metered(tokens, disconnect=disconnect, provider_cost_nanos=meter.usage.cost_nanos)
        return await self.count(leg, meter.usage, await threads.COUNT.run_surely(meter.delivered), disconnect)

    async def _finish(
        self,
        run: Run,
        answer: ProviderAnswer,
        meter: StreamMeter,
        end: End,
        wording: Wording,
        keep: KeepBytes | None,
    ) -> bytes:
        """Settles, then returns what waited for it: the usage chunk and `[DONE]`, or an error event."""

        is_cut = end.failure is not None or end.stopped is not None
        metered = Metered(None)

        def tail(settled: Applied) -> bytes:
            failure, lowered = end.failure, end.lowered
            why = end.stopped or (run.leg.lowered_by if failure is None else None)
            stop = None if why is None else worded(lambda: wording.stopped(why), None, run.id)
            kept_back = b"" if lowered is None else lowered.tail(metered, None if end.stopped else stop)
            paywall: dict[str, Any] = worded(lambda: wording.settled(settled), {}, run.id)
            if run.stopped is not None and stop is not None:
                paywall = {**paywall, **stop.paywall}
            plain = DONE if failure is None else error_event(ProviderFailed("The provider's answer broke off."))
            said = (run, meter, failure, stop if end.stopped else None, metered, paywall)
            return kept_back + worded(lambda: stream_tail(*said), plain, run.id)

        async def conclude() -> Applied:
            nonlocal metered
            try:
                await (answer.finish() if meter.is_done else answer.close())
            finally:
                try:
                    run.held.stopped += in_stream(meter.kept or ())
                    if end.failure is not None:
                        run.held.stopped += of_failure(end.failure)
                    disconnect = Disconnect.DRAIN if run.has_left else None
                    metered = await self.meter_delivered(run.leg, meter, disconnect, is_cut=is_cut)
                    metered = metered if end.within is None else end.within(metered)
                    if end.failure is not None:
                        metered = replace(metered, failure=end.failure.reason)
                finally:
                    settled = await self._legs.settle(run, metered, _keeping(run, keep, tail))
            return settled

        # With the provider's usage nothing can be interrupted before the queue; counting needs a task of its own.
        is_said = meter.final_tokens(is_cut=is_cut) is not None
        settled = await (conclude() if is_said else asyncio.shield(self._legs.keep(conclude())))
        return tail(settled)


def _keeping(run: Run, keep: KeepBytes | None, last: Callable[[Applied], bytes]) -> Keep | None:
    """Returns what makes a kept answer of a settlement; where that fails, only that there was one is kept."""
    if keep is None:
        return None
    nothing = ChatAnswer(None, run.leg.request.is_stream)
    return lambda settled: worded(lambda: keep(settled, last(settled)), nothing, run.id)


def _whole(run: Run, raw: bytes, content: dict[str, Any], wording: Wording, settled: Applied) -> bytes:
    """Returns a whole answer with our `paywall`, and the link where money ended it."""
    if run.stopped is None:
        return _with_paywall(raw, wording.settled(settled))
    stop = wording.stopped(run.stopped)
    return _with_paywall(orjson.dumps(with_link(run, content, stop)), {**wording.settled(settled), **stop.paywall})


def _with_paywall(raw: bytes, paywall: dict[str, Any]) -> bytes:
    """Returns a JSON object with our `paywall` in it."""
    return raw.rstrip()[:-1] + b',"paywall":' + orjson.dumps(paywall) + b"}"


def _answer_of(run: Run) -> ProviderAnswer:
    if run.leg.answer is None:
        raise ProviderFailed("The provider has not begun to answer.")
    return run.leg.answer


async def forward(answer: ProviderAnswer, meter: StreamMeter, watch: HoldMeter, send: Send) -> End:
    """Forwards until the provider or the money ends; a failure is told if it came after something was delivered."""
    chunk = await beginning(answer)
    has_sent = False
    try:
        while chunk:
            passing = await fed(meter, chunk)
            if passing:
                if not await watch.admits(passing):
                    meter.take_back()
                    return End(stopped=watch.action, within=watch.within)
                has_sent = True
                await send(passing)
            if meter.is_done or meter.error:
                await read_behind(answer, meter)
                break
            chunk = await answer.read()
        else:
            passing = meter.end()
            if passing:
                if not await watch.admits(passing):
                    meter.take_back()
                    return End(stopped=watch.action, within=watch.within)
                has_sent = True
                await send(passing)
    except ProviderFailed as broken:
        if passing := meter.release():
            has_sent = True
            await send(passing)
        broken.body = None if broken.body is None else answer.cleaned(broken.body)
        failure: ProviderFailed | None = broken.unraised()
    else:
        failure = await failure_of(meter, answer)
    if failure is not None and not has_sent:
        raise failure.unraised()
    return End(failure)
