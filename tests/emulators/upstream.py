"""A misbehaving OpenAI-compatible upstream, as a process of its own: `python -m tests.emulators.upstream --port 0`.

It prints one JSON line, `{"port": …, "base_url": "http://127.0.0.1:…/v1"}`, when it listens. The model's
name says how it behaves, with numbers after it: `ok:50:10` is 50 chunks, 10 ms apart. `GET /_seen` lists
what it was asked and how each request ended, `GET /_ends` its model and its end alone; `POST /_reset`
forgets it; `POST /_become` says of names how they behave from then on; `POST /_go` lets those go on that
wait for it. HTTP is spoken by hand here, because a server library would not break it in all the ways that
upstreams do.
"""

import argparse
import asyncio
import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from subprocess import PIPE, Popen
from typing import Any
from urllib.request import Request, urlopen

from tests.emulators.upstream_behaviours import BEHAVIOURS
from tests.emulators.upstream_exchange import Exchange
from tests.emulators.upstream_quotes import QUOTES

PACED = ("ok:6:120", "ok:400:20", "ok:40:5", "ok:3000:0", "ok:400", "ok:100:20", "obedient:3000", "slow-first:8:600",
         "slow-first:8:20000", "thinking:8:50",
         "thinking:8:1800", "thinking:0:50", "thinking:0:900", "thinking:8:20000")  # fmt: skip
"""Models with a number of chunks and milliseconds between them that are offered by name."""


@dataclass
class Seen:
    """One chat request. `outcome` is running, answered, cut (by the emulator) or disconnected (by the client).

    `bytes_out` is how much of a stream its connection took so far.
    """

    number: int
    connection: int
    model: str
    headers: dict[str, str]
    body: Any
    outcome: str = "running"
    bytes_out: int = 0

    def went_out(self, size: int) -> None:
        self.bytes_out += size


@dataclass
class Upstream:
    """What the emulator remembers."""

    seen: list[Seen] = field(default_factory=list)
    connections: Iterator[int] = field(default_factory=itertools.count)
    becomes: dict[str, str] = field(default_factory=dict)
    may_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one connection's requests, one after the other, until either side closes it."""
        connection = next(self.connections)
        try:
            coming = asyncio.create_task(reader.read(1))
            while first := await coming:
                head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                request_line, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                coming = asyncio.create_task(reader.read(1))
                coming.add_done_callback(lambda task: task.cancelled() or task.exception())  # told by what it broke
                method, path, _ = request_line.split(" ")
                exchange = Exchange(writer, {**headers, ":query": path.partition("?")[2]}, body)
                if not await self._answer(connection, method, path.partition("?")[0], exchange, coming):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, connection: int, method: str, path: str, exchange: Exchange, coming: "asyncio.Task[bytes]"
    ) -> bool:
        """Answers one request; returns whether the connection goes on."""
        match method, path:
            case "GET", "/_seen":
                exchange.send_json({"requests": [vars(seen) for seen in self.seen]})
            case "GET", "/_ends":
                exchange.send_json([(seen.model, seen.outcome) for seen in self.seen])
            case "POST", "/_reset":
                self.seen.clear()
                self.becomes.clear()
                self.may_go = asyncio.Event()
                exchange.send_json({})
            case "POST", "/_become":
                self.becomes |= exchange.request
                exchange.send_json({})
            case "POST", "/_go":
                self.may_go.set()
                exchange.send_json({})
            case "GET", "/v1/models" if "wrong" in exchange.headers.get("authorization", ""):
                exchange.send_error(401, "Incorrect API key provided.")
            case "GET", "/v1/models":
                # A key may say itself what it opens: `sk-1-lists=ok+echo`.
                _, _, listed = exchange.headers.get("authorization", "").partition("lists=")
                names = listed.split("+") if listed else dict.fromkeys((*BEHAVIOURS, *QUOTES, *PACED, *self.becomes))
                rows = [{"id": name, "object": "model", "created": 0, "owned_by": "emulator"} for name in names]
                exchange.send_json({"object": "list", "data": rows})
            case "POST", "/v1/chat/completions" if "refused" in exchange.headers.get("authorization", ""):
                exchange.send_error(401, "No auth credentials found.")  # as where the list of models is public
            case "POST", "/v1/chat/completions":
                return await self._complete(connection, exchange, coming)
            case _:
                exchange.send_error(404, f"no {method} {path} here")
        await exchange.flush()
        return True

    async def _complete(self, connection: int, exchange: Exchange, coming: "asyncio.Task[bytes]") -> bool:
        """Behaves as the model says, until it is done or the client goes away."""
        seen = Seen(len(self.seen), connection, exchange.model, exchange.headers, exchange.request)
        self.seen.append(seen)
        exchange.number, exchange.went_out, exchange.may_go = seen.number, seen.went_out, self.may_go
        exchange.behave_as(self.becomes.get(exchange.model, exchange.model))
        behaviour = (BEHAVIOURS | QUOTES).get(exchange.behaviour, BEHAVIOURS["error-404"])
        answering = asyncio.create_task(behaviour(exchange))
        await asyncio.wait({answering, coming}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done() and (coming.exception() or not coming.result()):
            answering.cancel()
        try:
            await answering
        except (asyncio.CancelledError, ConnectionError):
            seen.outcome = "disconnected"
            return False
        seen.outcome = "cut" if exchange.was_cut else "answered"
        return not exchange.was_cut


async def run(port: int) -> None:
    """Serves until the process is ended, having printed where."""
    server = await asyncio.start_server(Upstream().serve, "127.0.0.1", port, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"port": port, "base_url": f"http://127.0.0.1:{port}/v1"}), flush=True)
    async with server:
        await server.serve_forever()


@dataclass(frozen=True)
class RunningUpstream:
    """The emulator as a test sees it."""

    port: int
    base_url: str
    pid: int

    def seen(self) -> list[dict[str, Any]]:
        """Returns the chat requests since the last reset, oldest first."""
        with urlopen(f"http://127.0.0.1:{self.port}/_seen") as answer:
            requests: list[dict[str, Any]] = json.load(answer)["requests"]
        return requests

    def ends(self) -> list[tuple[str, str]]:
        """Returns the model and the outcome of each: what is looked at again and again while it changes."""
        with urlopen(f"http://127.0.0.1:{self.port}/_ends") as answer:
            return [(model, outcome) for model, outcome in json.load(answer)]

    def reset(self) -> None:
        """Forgets what was seen."""
        with urlopen(Request(f"http://127.0.0.1:{self.port}/_reset", method="POST", data=b"")):
            pass

    def go(self) -> None:
        """Lets the gated go on: those that were asked since the last reset, and those that will be."""
        with urlopen(Request(f"http://127.0.0.1:{self.port}/_go", method="POST", data=b"")):
            pass

    def become(self, **behaviours: str) -> None:
        """Says how names behave from now on, until the next reset: `leg_a="fail:503"`."""
        body = json.dumps(behaviours).encode()
        with urlopen(Request(f"http://127.0.0.1:{self.port}/_become", method="POST", data=body)):
            pass


@contextmanager
def running() -> Iterator[RunningUpstream]:
    """Runs the emulator in a process of its own for as long as the block lasts."""
    with Popen([sys.executable, "-m", "tests.emulators.upstream", "--port", "0"], stdout=PIPE) as process:
        assert process.stdout is not None
        try:
            yield RunningUpstream(**json.loads(process.stdout.readline()), pid=process.pid)
        finally:
            process.terminate()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    port = parser.parse_args().port
    try:
        import uvloop
    except ImportError:
        asyncio.run(run(port))
    else:
        uvloop.run(run(port))


if __name__ == "__main__":
    main()
