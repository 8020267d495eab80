"""Delivers events to endpoints: signed, each by itself, again when it fails, and as badly as the book's mood says.

A test mode delivery is tried three more times over hours, a live one for three days; an endpoint that failed all the
time for three days is disabled. Times are the emulator's clock; only the signature carries the machine's time, because
whoever verifies it reads that.
"""

import asyncio
import hashlib
import hmac
import json
import random
import time
from dataclasses import dataclass, field

import aiohttp

from tests.emulators.stripe.state import Book, Thing, new_id, shown

TEST_PAUSES = (60.0, 3_600.0, 3 * 3_600.0)
LIVE_PAUSES = (300.0, 1_800.0, 7_200.0, *(12 * 3_600.0,) * 5)
DISABLED_AFTER_SECONDS = 3 * 24 * 3_600
ANSWER_SECONDS_MAX = 20.0


@dataclass
class Delivery:
    """One event on its way to one endpoint; `status` is the last answer's, 0 where there was none, None before any."""

    book: Book
    event: Thing
    endpoint: Thing
    due_at: float
    attempts: int = 0
    status: int | None = None
    outcome: str = "waiting"
    """waiting, sending, delivered, lost, or failed for good."""


def signature(secret: str, body: bytes, at: int) -> str:
    """Returns the value of `Stripe-Signature`."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


@dataclass
class Post:
    """The office that delivers; `deliveries` are all that it ever had."""

    deliveries: list[Delivery] = field(default_factory=list)
    open: list[Delivery] = field(default_factory=list)
    """Those of them that may still have to be sent."""
    running: set["asyncio.Task[None]"] = field(default_factory=set)

    def take(self, book: Book, event: Thing) -> None:
        """Takes an event for every endpoint that wants it."""
        for endpoint in list(book.all("webhook_endpoint")):
            wanted = endpoint["enabled_events"]
            if endpoint["status"] != "enabled" or not ("*" in wanted or event["type"] in wanted):
                continue
            event["pending_webhooks"] += 1
            if book.mood.lose > 0:
                book.mood.lose -= 1
                self.deliveries.append(Delivery(book, event, endpoint, book.clock.now(), outcome="lost"))
            else:
                self._add([Delivery(book, event, endpoint, book.clock.now()) for _ in range(book.mood.copies)])

    def _add(self, made: list[Delivery]) -> None:
        self.deliveries += made
        self.open += made

    def tick(self, session: aiohttp.ClientSession) -> None:
        """Sends what is due and not held back."""
        for delivery in self.waiting():
            if delivery.due_at <= delivery.book.clock.now() and not delivery.book.mood.is_held:
                self.send(delivery, session)

    def waiting(self) -> list[Delivery]:
        self.open = [one for one in self.open if one.outcome in ("waiting", "sending")]
        return [one for one in self.open if one.outcome == "waiting"]

    def stop(self) -> None:
        """Gives up what is on its way."""
        for task in self.running:
            task.cancel()

    def is_quiet(self) -> bool:
        """Tells whether nothing is on its way and nothing is due."""
        due = (one for one in self.waiting() if one.due_at <= one.book.clock.now() and not one.book.mood.is_held)
        return not self.running and next(due, None) is None

    def send(self, delivery: Delivery, session: aiohttp.ClientSession) -> None:
        delivery.outcome = "sending"
        task = asyncio.create_task(self._send(delivery, session))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def release(self, book: Book, session: aiohttp.ClientSession, *, seed: int | None) -> int:
        """Sends what was held back, one after the other, in an order that the seed decides; returns how many."""
        held = [one for one in self.waiting() if one.book is book]
        if seed is not None:
            random.Random(seed).shuffle(held)
        for delivery in held:
            delivery.outcome = "sending"
            await self._send(delivery, session)
        return len(held)

    def repeat(self, book: Book, event_id: str) -> int:
        """Delivers an event again to each endpoint that had it; returns how many."""
        had = {one.endpoint["id"]: one for one in self.deliveries if one.event["id"] == event_id and one.book is book}
        self._add([Delivery(book, one.event, one.endpoint, book.clock.now()) for one in had.values()])
        return len(had)

    async def _send(self, delivery: Delivery, session: aiohttp.ClientSession) -> None:
        body = json.dumps(shown(delivery.event), indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(delivery.endpoint["_secret"], body, int(time.time())),
            "Request-Id": new_id("req", 14),
        }
        try:
            timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
            async with session.post(
                delivery.endpoint["url"], data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                await answer.read()
                delivery.status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            delivery.status = 0
        self._judge(delivery)

    def _judge(self, delivery: Delivery) -> None:
        now, endpoint = delivery.book.clock.now(), delivery.endpoint
        delivery.attempts += 1
        if delivery.status is not None and 200 <= delivery.status < 300:
            delivery.outcome, endpoint["_failing_since"] = "delivered", None
            delivery.event["pending_webhooks"] = max(delivery.event["pending_webhooks"] - 1, 0)
            return
        endpoint["_failing_since"] = endpoint["_failing_since"] or now
        if now - endpoint["_failing_since"] >= DISABLED_AFTER_SECONDS:
            endpoint["status"] = "disabled"
        pauses = LIVE_PAUSES if delivery.book.is_live else TEST_PAUSES
        if delivery.attempts > len(pauses) or endpoint["status"] != "enabled":
            delivery.outcome = "failed"
            return
        delivery.outcome, delivery.due_at = "waiting", now + pauses[delivery.attempts - 1]
