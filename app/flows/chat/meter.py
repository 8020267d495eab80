"""Keeps a stream within what its hold pays for and its provider was told: extends the hold, says when it has to stop.

A token is at least a byte of what arrives, so nothing is looked at until the bytes could come to more than is held,
and nothing is parsed and counted until the text in them could.
"""

from dataclasses import replace

from app import threads
from app.domain.errors import HoldClosed, InsufficientFunds, Unavailable
from app.domain.pricing.quote import Tokens, charge_nanos
from app.domain.usage.requests import Metered
from app.flows.callers.asked import NoAction, Stopped
from app.flows.chat.call import Run
from app.flows.chat.leg import Legs
from app.formats.event_stream import contents
from app.formats.openai_message import written_in
from app.formats.openai_tokens import count_written, prompt_tokens
from app.formats.text_bound import TextBound
from app.ports.providers import TokenCounter

STEP_TOKENS = 1_024
"""By how many tokens of each choice a hold is extended."""
LEFT_TOKENS_MIN = 64
"""With fewer tokens left than these the hold is extended; that many may be between our count and the provider's."""


BYTES_PER_TOKEN = 4
"""The usual length of a token, by which text is estimated that nobody has counted yet."""

OVER_SHARE = 4
"""By a quarter, or LEFT_TOKENS_MIN, may our count pass the limit that was sent: providers' tokens are not ours.

What is over is charged to nobody. Beyond it the provider ignores its limit, and is cut."""


class HoldMeter:
    """The meter of one stream. One whose hold pays for its whole bound is only kept from outrunning that."""

    def __init__(self, legs: Legs, run: Run, counter: TokenCounter, bound: TextBound | None = None) -> None:
        self._legs = legs
        self._run, self._leg = run, run.leg
        self._counter = counter
        self._total = run.leg.output_limit * run.leg.bound.choices
        self._most = self._total + max(self._total // OVER_SHARE, LEFT_TOKENS_MIN)
        self._paid = self._tokens_of(run.held.amount)
        self._counted = 0
        self._is_over = False
        self._said: dict[object, str] = {}
        self._bound = TextBound() if bound is None else bound
        self._uncounted: list[bytes] = []
        self._uncounted_bytes = 0
        self._unread: list[bytes] = []
        self._unread_bytes = 0
        self._prompt_tokens: int | None = None
        self._stopped_by = ""

    @property
    def action(self) -> Stopped:
        """What the user is asked for once the stream was stopped: money or a higher cap; nothing by a limit."""
        if self._is_over:
            return self._leg.lowered_by or NoAction.OUTPUT
        return self._run.held.standing.asked_for(self._stopped_by, self._run.held.budgets)

    def within(self, metered: Metered) -> Metered:
        """Returns what a stream that was cut is charged: no more than its provider was told to write."""
        tokens = metered.tokens
        if not self._is_over or tokens is None or tokens.output <= self._total:
            return metered
        return replace(metered, tokens=replace(tokens, output=self._total))

    async def about_nanos(self) -> int:
        """Returns about what the stream costs by now; what is charged in the end is counted better."""
        prompt = await self._prompt()
        self._read()
        output = self._counted - (-self._uncounted_bytes // BYTES_PER_TOKEN)
        return charge_nanos(self._leg.offer.price, Tokens(prompt, min(output, self._total)))

    def _tokens_of(self, nanos: int) -> int:
        return self._leg.bound.affordable_tokens(self._leg.offer, self._total, nanos)

    async def admits(self, data: bytes) -> bool:
        """Tells whether events that arrived may be delivered, after extending the hold if that is needed."""
        most = self._paid if self._paid < self._total else self._most
        self._uncounted.append(data)
        if data is self._bound.noted:
            self._uncounted_bytes += self._bound.noted_bytes
        else:
            self._unread.append(data)
            self._unread_bytes += len(data)
        if self._counted + self._uncounted_bytes + self._unread_bytes <= most:
            return True
        self._read()
        if self._counted + self._uncounted_bytes <= most:
            return True
        await self._count()
        while self._paid < self._total and self._counted + LEFT_TOKENS_MIN > self._paid:
            if not await self._extend():
                return self._counted <= self._paid
        self._is_over = self._counted > self._most
        return not self._is_over

    def _read(self) -> None:
        """Bounds the text in what arrived by its bytes as they stand in the JSON."""
        if self._unread:
            self._uncounted_bytes += self._bound.of(b"".join(self._unread))
            self._unread, self._unread_bytes = [], 0

    async def _count(self) -> None:
        """Counts the text; one that is too long for that stands at its bytes."""
        arrived = b"".join(self._uncounted)
        model = self._leg.request.model
        tokens = await threads.COUNT.run_surely(
            lambda: count_written(written_in(contents(arrived), self._said), model, self._counter)
        )
        self._counted += self._uncounted_bytes if tokens is None else tokens
        self._uncounted, self._uncounted_bytes = [], 0

    async def _extend(self) -> bool:
        """Extends the hold by a step, or by what the wallet still has if that is less. Tells whether it grew."""
        run, step = self._run, STEP_TOKENS * self._leg.bound.choices
        metered = Metered(Tokens(await self._prompt(), self._counted), estimated=True)
        wanted = self._nanos_of(min(self._paid + step, self._total))
        try:
            try:
                await self._legs.extend(run, max(wanted - run.held.amount, 0), metered)
            except InsufficientFunds as refusal:
                affordable = self._tokens_of(run.held.amount + refusal.available_nanos)
                if affordable <= max(self._paid, self._counted):
                    self._stopped_by = refusal.short_of
                    return False
                await self._legs.extend(run, self._nanos_of(affordable) - run.held.amount, metered)
        except InsufficientFunds as refusal:
            self._stopped_by = refusal.short_of
            return False
        except (HoldClosed, Unavailable):
            return False
        self._paid = self._tokens_of(run.held.amount)
        return True

    def _nanos_of(self, output_tokens: int) -> int:
        """Returns what prompt and output cost at most."""
        return self._leg.bound.nanos_of_all(self._leg.offer, output_tokens)

    async def _prompt(self) -> int:
        if self._prompt_tokens is None:
            leg = self._leg
            self._prompt_tokens = await threads.COUNT.run_surely(prompt_tokens, leg.request, leg.offer, self._counter)
        return self._prompt_tokens
