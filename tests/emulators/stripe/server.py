"""The process: Stripe's API, its pages and the control route on one port, one event loop, nothing on disk."""

import asyncio
import json
import traceback
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import aiohttp
from aiohttp import web

from tests.emulators.stripe import banking, control, idempotency, keys, parameters, routes, running
from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.faults import Fault, Plan, Planned
from tests.emulators.stripe.objects import lists, paying
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.objects.events import VERSION
from tests.emulators.stripe.pages import challenge, checkout
from tests.emulators.stripe.state import Bank, Book, Thing, new_id
from tests.emulators.stripe.webhooks import Post

ACTIONS = control.actions((running, banking))
TICK_SECONDS = 0.02
HANG_SECONDS_MAX = 300
SEE_DOCUMENTATION = "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."


@dataclass
class Answer:
    """What a call is answered with; `is_replayed` is one that was answered before."""

    status: int
    body: Any
    request_id: str
    original_id: str
    is_replayed: bool = False


@dataclass
class Stripe:
    """The emulator. `seen` are the calls that reached it, the oldest first, without their keys."""

    bank: Bank = field(default_factory=Bank)
    post: Post = field(default_factory=Post)
    plan: Plan = field(default_factory=Plan)
    seen: list[Thing] = field(default_factory=list)
    recent: dict[str, "deque[float]"] = field(default_factory=dict)
    session: aiohttp.ClientSession | None = None

    def __post_init__(self) -> None:
        self.bank.listeners.append(self.post.take)

    def forget(self) -> None:
        """Begins anew, as a process that was just started."""
        self.post.stop()
        self.bank, self.post, self.plan, self.seen, self.recent = Bank(), Post(), Plan(), [], {}
        self.bank.listeners.append(self.post.take)

    def application(self) -> web.Application:
        """Returns the server's application."""
        made = web.Application(client_max_size=4_000_000)
        made.cleanup_ctx.append(self._ticking)
        made.router.add_post("/_emulator", self._control)
        made.router.add_route("*", "/v1/{path:.*}", self._api)
        made.router.add_get("/c/pay/{id}", self._show_checkout)
        made.router.add_post("/c/pay/{id}", self._pay)
        made.router.add_get("/3ds/{id}", self._show_challenge)
        made.router.add_post("/3ds/{id}", self._authenticate)
        return made

    async def _ticking(self, _: web.Application) -> AsyncIterator[None]:
        async def tick() -> None:
            while True:
                self.tick()
                await asyncio.sleep(TICK_SECONDS)

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=25)) as self.session:
            ticking = asyncio.create_task(tick())
            yield
            ticking.cancel()

    def tick(self) -> None:
        """Does what is due: on accounts, and at the post office."""
        self.bank.tick()
        if self.session is not None:
            self.post.tick(self.session)

    async def _control(self, request: web.Request) -> web.Response:
        try:
            done = await control.do(self, ACTIONS, await request.json(), f"{request.scheme}://{request.host}")
        except control.Unknown as error:
            return web.json_response({"error": str(error)}, status=400)
        self.tick()
        return web.json_response(done)

    async def _api(self, request: web.Request) -> web.StreamResponse:
        text = request.query_string if request.method in ("GET", "DELETE") else (await request.text())
        request_id = new_id("req", 14)
        key: keys.Key | None = None
        fault: Planned | None = None
        try:
            key = keys.find(self.bank, request.headers.get("Authorization", ""))
            fault = self.plan.take(key.account_id, request.method, request.path)
            self._note(request, text, key)
            if fault is not None and fault.kind is Fault.TIMEOUT and not fault.does_work:
                return await self._hang(request, fault)
            if fault is not None and fault.kind is Fault.RESET and not fault.does_work:
                return self._break(request)
            self._pace(key)
            answer = await self._answer(request, text, key, request_id, fault)
        except Refused as refused:
            answer = Answer(refused.status, refused.body(), request_id, request_id)
        self.tick()
        if fault is not None and fault.kind is Fault.TIMEOUT:
            return await self._hang(request, fault)
        if fault is not None and fault.kind is Fault.RESET:
            return self._break(request)
        return self._written(request, answer)

    def _note(self, request: web.Request, text: str, key: keys.Key) -> None:
        self.seen.append({
            "account": key.account_id, "method": request.method, "path": request.path, "params": text,
            "idempotency_key": request.headers.get("Idempotency-Key"), "at": self.bank.clock.now(),
            "version": request.headers.get("Stripe-Version"),
        })  # fmt: skip

    def _pace(self, key: keys.Key) -> None:
        """Refuses what is too much in a second, where the account's switch says how much that is."""
        book = self.bank.book(key.account_id, is_live=key.is_live)
        most, now = book.switches.rate_limit, asyncio.get_running_loop().time()
        if not most:
            return
        times = self.recent.setdefault(f"{key.account_id}:{key.is_live}", deque())
        while times and times[0] <= now - 1:
            times.popleft()
        if len(times) >= most:
            raise too_many()
        times.append(now)

    async def _answer(
        self, request: web.Request, text: str, key: keys.Key, request_id: str, fault: Planned | None
    ) -> Answer:
        """Works at one call, once for each idempotency key. Raises Refused for what is not kept."""
        book = self.bank.book(key.account_id, is_live=key.is_live)
        found = routes.find(request.method, request.path)
        if found is None:
            raise Refused(404, f"Unrecognized request URL ({request.method}: {request.path}). {SEE_DOCUMENTATION}")
        route, ids = found
        keys.require(key, route.permission, book)
        if fault is not None and fault.kind is Fault.ANSWER and fault.status != 500:
            raise too_many() if fault.status == 429 else broken(fault.status)
        params = parameters.check(parameters.read(text), route.shape)
        idempotency_key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        if idempotency_key is not None:
            kept = idempotency.begin(book, idempotency_key, request.path, params, request_id)
            if kept is not None:
                return Answer(kept.status or 0, kept.body, request_id, kept.request_id, is_replayed=True)
        if fault is not None and fault.kind is Fault.SLOW:
            await self._wait(fault)
        call = Call(book, ids, params, f"{request.scheme}://{request.host}")
        book.request = {"id": request_id, "idempotency_key": idempotency_key}
        status, body = self._run(route, call, fault)
        book.request = {"id": None, "idempotency_key": None}
        if idempotency_key is not None:
            idempotency.end(book, idempotency_key, status, body)
        return Answer(status, body, request_id, request_id)

    async def _wait(self, fault: Planned) -> None:
        """Waits as long as a slow call takes, or until its fault is forgotten."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.plan.forgotten.wait(), fault.seconds)

    def _run(self, route: routes.Route, call: Call, fault: Planned | None) -> tuple[int, Any]:
        is_failing = fault is not None and fault.kind is Fault.ANSWER
        if is_failing and fault is not None and not fault.does_work:
            return 500, broken(500).body()
        try:
            answer = route.run(call)
            body = lists.expand(call.book, answer, call.params.get("expand", []))
        except Refused as refused:
            return refused.status, refused.body()
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            traceback.print_exc()
            return 500, broken(500).body()
        return (500, broken(500).body()) if is_failing else (200, body)

    def _written(self, request: web.Request, answer: Answer) -> web.Response:
        headers = {
            "Content-Type": "application/json", "Date": formatdate(self.bank.clock.now(), usegmt=True),
            "Request-Id": answer.request_id, "Stripe-Version": request.headers.get("Stripe-Version", VERSION),
        }  # fmt: skip
        if "Idempotency-Key" in request.headers:
            headers |= {"Idempotency-Key": request.headers["Idempotency-Key"], "Original-Request": answer.original_id}
        if answer.is_replayed:
            headers["Idempotent-Replayed"] = "true"
        if answer.status == 500:
            headers["Stripe-Should-Retry"] = "false"
        body = json.dumps(answer.body, indent=2).encode()
        return web.Response(status=answer.status, body=body, headers=headers)

    async def _hang(self, request: web.Request, fault: Planned) -> web.StreamResponse:
        await asyncio.sleep(min(fault.seconds, HANG_SECONDS_MAX))
        return self._break(request)

    def _break(self, request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _find(self, kinds: tuple[str, ...], thing_id: str) -> tuple[Book, Thing]:
        for book in self.bank.books():
            found = book.things.get(thing_id)
            if found is not None and found["object"] in kinds:
                return book, found
        raise web.HTTPNotFound(text="Stripe has no such page.")

    async def _show_checkout(self, request: web.Request) -> web.Response:
        book, session = self._find(("checkout.session",), request.match_info["id"])
        return web.Response(text=checkout.show(book, session), content_type="text/html")

    async def _pay(self, request: web.Request) -> web.Response:
        book, session = self._find(("checkout.session",), request.match_info["id"])
        form = {name: str(value) for name, value in (await request.post()).items()}
        return self._sent_to(paying.pay(book, session, checkout.read(form), f"{request.scheme}://{request.host}"))

    async def _show_challenge(self, request: web.Request) -> web.Response:
        book, intent = self._find(("payment_intent", "setup_intent"), request.match_info["id"])
        return web.Response(text=challenge.show(book, intent), content_type="text/html")

    async def _authenticate(self, request: web.Request) -> web.Response:
        book, intent = self._find(("payment_intent", "setup_intent"), request.match_info["id"])
        is_right = (await request.post()).get("answer") == "complete"
        base = f"{request.scheme}://{request.host}"
        return self._sent_to(paying.authenticate(book, intent, base, is_right=is_right))

    def _sent_to(self, url: str) -> web.Response:
        self.tick()
        return web.Response(status=303, headers={"Location": url})


def too_many() -> Refused:
    """More calls than the account may make in a second."""
    message = "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits."
    return Refused(429, message, code="rate_limit")


def broken(status: int) -> Refused:
    """Something is wrong at Stripe."""
    message = "An unknown error occurred" if status == 500 else "Stripe is temporarily unavailable. Please try again."
    return Refused(status, message, kind="api_error")
