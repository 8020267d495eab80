"""What a stranger's machine sends when it means harm: bounded waves over raw sockets, to a server of our own alone."""

import asyncio
import io
import json
import random
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

EVENTS = "/_event"
BODY_BYTES = 2_000_000
GONE = (OSError, EOFError, TimeoutError, aiohttp.ClientError)
"""How a server gets rid of somebody."""


@dataclass
class Stranger:
    """Somebody who knows an app's key at most; `waves` counts what was carried through, by its name."""

    base_url: str
    key: str
    handlers: list[str]
    waves: dict[str, int] = field(default_factory=dict)

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.base_url)
        return parts.hostname or "", parts.port or 0

    async def repeat(self, wave: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Sends the same wave again and again, for as long as that."""
        name, loop = wave.__name__, asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            with suppress(*GONE):
                await asyncio.wait_for(wave(), max(end - loop.time(), 0.1))
            self.waves[name] = self.waves.get(name, 0) + 1

    async def raw(self, head: bytes, body: bytes = b"", *, wait_seconds: float = 2) -> bytes:
        """Sends bytes on a connection of their own, and returns the first that come back."""
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(head + body)
            with suppress(*GONE):
                async with asyncio.timeout(wait_seconds):
                    await writer.drain()
                    return await reader.read(4_096)
            return b""
        finally:
            writer.close()

    async def socket(self, events: list[tuple[str, dict[str, Any]]]) -> None:
        """Opens a page's socket, sends events and leaves."""
        url = f"{self.base_url}{EVENTS}/?EIO=4&transport=websocket&token={uuid.uuid4()}"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as opened:
            await opened.receive(timeout=2)
            await opened.send_str(f"40{EVENTS},")
            await opened.receive(timeout=2)
            for name, payload in events:
                said = {"name": name, "payload": payload, "router_data": {"pathname": "/wallet/", "query": {}}}
                await opened.send_str(f"42{EVENTS}," + json.dumps(["event", said]))
            with suppress(*GONE):
                await opened.receive(timeout=0.2)

    async def report_errors(self) -> None:
        """Calls the framework's own handler with what its regular expression cannot get past."""
        name = next((name for name in self.handlers if name.endswith("handle_frontend_exception")), self.handlers[0])
        text = "TypeError: can't access property \"" + '", ' * 10_000
        await self.socket([(name, {"info": text, "component_stack": text})] * 3)

    async def watch_pages(self) -> None:
        """Opens the same page three hundred times on one socket."""
        name = next(name for name in self.handlers if name.endswith(".watch"))
        await self.socket([(name, {})] * 300)

    async def send_much(self) -> None:
        """Sends events of 900 KB that nobody asked for."""
        await self.socket([(random.choice(self.handlers), {"value": "x\n" * 450_000})])

    async def hydrate(self) -> None:
        """Comes as a new page, sixteen times at once."""
        name = next((name for name in self.handlers if name.endswith("hydrate")), self.handlers[0])
        await asyncio.gather(*(self.socket([(name, {})]) for _ in range(16)), return_exceptions=True)

    async def ask_without_money(self) -> None:
        """Sends large prompts of users without money."""
        content = "word " * (BODY_BYTES // 5)
        body = {"model": "demo-mini", "user": f"poor-{uuid.uuid4().hex}",
                "messages": [{"role": "user", "content": content}]}  # fmt: skip
        headers, sent = {"Authorization": f"Bearer {self.key}"}, io.BytesIO(json.dumps(body).encode())
        url = f"{self.base_url}/v1/chat/completions"
        async with aiohttp.ClientSession() as session, session.post(url, data=sent, headers=headers) as answer:
            await answer.read()

    async def upload(self) -> None:
        """Sends a file to a form."""
        part = (b'--b\r\nContent-Disposition: form-data; name="email"; filename="a"\r\n\r\n' + b"a" * BODY_BYTES +
                b"\r\n--b--\r\n")  # fmt: skip
        head = (f"POST /auth/email HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                f"Content-Length: {len(part)}\r\n\r\n")  # fmt: skip
        await self.raw(head.encode(), part)

    async def send_headers(self) -> None:
        """Sends headers without an end."""
        lines = b"".join(b"X-Filler-%d: %s\r\n" % (number, b"a" * 8_000) for number in range(200))
        await self.raw(b"GET / HTTP/1.1\r\nHost: x\r\n" + lines)

    async def smuggle(self) -> None:
        """Hides a request in the body of an upgrade."""
        hidden = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        head = (b"POST /auth/email HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
                b"Content-Length: %d\r\n\r\n" % len(hidden))  # fmt: skip
        await self.raw(head, hidden)

    async def dawdle(self) -> None:
        """Holds forty connections with half a head, and some with half a body."""
        opened = [await asyncio.open_connection(*self.address) for _ in range(40)]
        try:
            for number, (_, writer) in enumerate(opened):
                writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n")
                if number % 4 == 0:
                    head = f"Authorization: Bearer {self.key}\r\nContent-Length: 1000\r\n\r\n{{"
                    writer.write(head.encode())
            await asyncio.sleep(3)
        finally:
            for _, writer in opened:
                writer.close()

    async def read_nothing(self) -> None:
        """Asks for a long stream and does not read it."""
        body = json.dumps({"model": "demo-large", "user": "rich-0", "stream": True, "max_tokens": 4_000,
                           "messages": [{"role": "user", "content": "Write without an end."}]}).encode()  # fmt: skip
        head = (f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")  # fmt: skip
        _, writer = await asyncio.open_connection(*self.address, limit=1)
        try:
            writer.write(head.encode() + body)
            await asyncio.sleep(3)
        finally:
            writer.close()

    def everything(self) -> list[Callable[[], Awaitable[None]]]:
        """Returns all waves."""
        return [self.report_errors, self.watch_pages, self.send_much, self.hydrate, self.ask_without_money, self.upload,
                self.send_headers, self.smuggle, self.dawdle, self.read_nothing]  # fmt: skip
