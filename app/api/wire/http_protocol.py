"""HTTP/1.1 on one connection: uvicorn's protocol, with bounds for what a stranger may send and leave unread.

What cannot be read in one way only is refused, and its connection with it. Unsupported upgrades are ignored: the body
belongs to its request, which is answered as HTTP/1.1.
"""

import asyncio
from collections import deque
from typing import Any, cast
from urllib.parse import unquote

import httptools
import orjson
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from app.api.common.errors import HeadTimeout, MalformedRequest, body_of, headers_of, status_of
from app.api.v1.chat import is_chat
from app.api.wire import http_head
from app.api.wire.connections import Crowd
from app.api.wire.cycle import Cycle, Outlet
from app.domain.errors import CoinslotError, Unavailable
from app.domain.ids import new_id

PIECES_MAX = 10_000
"""In so many pieces may any body come; a longer one in pieces of PIECE_BYTES_MIN on average."""
PIECE_BYTES_MIN = 64
FRAMING_BYTES_MAX = 65_536
"""What chunks may say beside their content; more only where there is as much content."""
PIPELINED_MAX = 64
"""How many requests may come on a connection before the first of them is answered."""
BETWEEN, HEAD, BODY = range(3)


class HttpProtocol(HttpToolsProtocol):
    """One connection; `crowd` knows them all."""

    def __init__(self, crowd: Crowd, config: Config, server_state: ServerState, app_state: dict[str, Any],
                 _loop: asyncio.AbstractEventLoop | None = None) -> None:  # fmt: skip
        super().__init__(config, server_state, app_state, _loop)
        self.has_begun = False
        self._crowd = crowd
        self._is_over = False
        self._refusal: CoinslotError | None = None
        self._running: RequestResponseCycle | None = None
        self._stage = BETWEEN
        self._requests = 0
        self._head_bytes = self._cut_head_bytes = 0
        self._body_bytes = self._raw_bytes = self._pieces = 0
        self._is_upgrade = self._is_small = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self._crowd.enter(self, self.connections):
            self._refuse(Unavailable("There are too many connections. Try again soon."))

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.leave(self)
        if self._running is not None:  # uvicorn tells the newest request only, which may not have had its turn
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # What has come whole in so few bytes has no line and no head that is too long.
        self._is_small = self._stage == BETWEEN and len(data) <= http_head.LINE_BYTES_MAX
        while not self._is_over:
            request, stage = self._requests, self._stage
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if self._takes_socket():
                    self._crowd.leave(self)
                    self.handle_websocket_upgrade()
                    return
                data = self._ignore_upgrade() + data[upgrade.args[0] :]
                continue
            except httptools.HttpParserError as error:
                self._refuse(_reason_of(error))
                return
            if self._stage != BETWEEN or self._crowd.is_waiting(self):
                self._count(len(data), is_same=request == self._requests and stage == self._stage)
            return

    def _count(self, size: int, *, is_same: bool) -> None:
        """Bounds what came and was not handed on yet: the beginning of a head, and what stands around chunks."""
        self._crowd.begin(self)
        if self._stage == HEAD:
            self._cut_head_bytes += size if is_same else 1
            try:
                http_head.check_size(self._cut_head_bytes, 0, 0)
            except CoinslotError as error:
                self._refuse(error)
        elif self._stage == BODY:
            self._raw_bytes += size if is_same else 0
            if self._raw_bytes - self._body_bytes > FRAMING_BYTES_MAX + self._body_bytes:
                self._refuse(MalformedRequest("The body's chunks say more about themselves than they hold."))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._stage = HEAD
        self._requests += 1
        self._head_bytes = self._cut_head_bytes = 0
        self._body_bytes = self._raw_bytes = self._pieces = 0

    def on_url(self, url: bytes) -> None:
        self.url += url
        self._head_bytes += len(url)
        http_head.check_url(self.url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_small:  # as are nearly all: no line of it can be too long
            self.headers.append((name.lower(), value))
            return
        line = len(name) + len(value) + http_head.LINE_EXTRA_BYTES
        self._head_bytes += line
        if line > http_head.LINE_BYTES_MAX or self._head_bytes > http_head.HEAD_BYTES_MAX or self._stage == BODY:
            http_head.check_size(self._head_bytes, line, 0)
            return  # what comes behind a body says nothing about its request
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser, scope = self.parser, self.scope
        version = parser.get_http_version()
        scope["method"], scope["http_version"] = parser.get_method().decode("ascii"), version
        http_head.check_size(0, 0, len(self.headers))
        http_head.check_head(version, self.headers)
        if parser.should_upgrade():
            if scope["method"] == "CONNECT":
                raise MalformedRequest("This is no proxy to connect through.")
            self._is_upgrade = True
            return
        url = httptools.parse_url(self.url)
        if not (url.path or b"").startswith(b"/"):
            raise MalformedRequest("The request names no path.")
        path = url.path.decode("ascii")
        if "%" in path:
            path = unquote(path)
            if "\0" in path:
                raise MalformedRequest("The path holds a character that no path has.")
        scope["path"], scope["raw_path"] = self.root_path + path, self.root_path.encode("ascii") + url.path
        scope["query_string"] = url.query or b""
        self.cycle = self._new_cycle(keeps_alive=version == "1.1" and parser.should_keep_alive())
        self._stage, self._is_small = BODY, False
        if is_chat(path):
            self._crowd.answer(self)  # it has a key, or its answer before its body
        self._start()

    def _new_cycle(self, *, keeps_alive: bool) -> RequestResponseCycle:
        cycle = Cycle(
            scope=self.scope, transport=cast(asyncio.Transport, Outlet(self.transport)), flow=self.flow,
            logger=self.logger, access_logger=self.access_logger, access_log=self.access_log,
            default_headers=self.server_state.default_headers, message_event=asyncio.Event(),
            expect_100_continue=http_head.expects_continue(self.headers),
            keep_alive=keeps_alive, on_response=self.on_response_complete,
        )  # fmt: skip
        cycle.linger = self._linger
        return cycle

    def _start(self) -> None:
        """Starts the newest request, or lets it wait for those before it."""
        if self._running is None:
            self._running = self.cycle
            self._start_asgi_task(self.cycle, self.app)
            return
        self.flow.pause_reading()
        self.pipeline.appendleft((self.cycle, self.app))
        if len(self.pipeline) > PIPELINED_MAX:
            raise MalformedRequest("Too many requests came before the first of them was answered.")

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        self._pieces += 1
        if self._pieces > PIECES_MAX + self._body_bytes // PIECE_BYTES_MIN:
            raise MalformedRequest("The body comes in too many small pieces.")
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stage = BETWEEN
        if self._is_upgrade or self.cycle.response_complete:
            return
        self._crowd.answer(self)
        self.cycle.more_body = False
        self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        self._running = None
        if self.transport.is_closing():
            self._crowd.end(self)
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._running, app = self.pipeline.pop()
            self._start_asgi_task(self._running, app)
        elif self._refusal is not None:
            self._answer(self._refusal)
        elif not self.flow.write_paused:
            self._crowd.wait(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._crowd.stall(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._crowd.take(self)
        if self._running is None and not self._is_over and not self.transport.is_closing():
            self._crowd.wait(self)

    def close_late(self) -> None:
        """Closes a connection whose request did not come in time; says why if its head had begun."""
        if self._stage == HEAD:
            self._refuse(HeadTimeout("The head of the request was not sent to its end in time."))
            return
        self.transport.close()
        self._crowd.end(self)

    def _takes_socket(self) -> bool:
        """Tells whether an upgrade is one to the pages' socket, and no other answer is due before it."""
        is_free = self.ws_protocol_class is not None and self._running is None
        return is_free and http_head.asks_for_socket(self.scope["method"], self.url, self.headers)

    def _ignore_upgrade(self) -> bytes:
        """Begins reading anew; returns what is to be read in place of the head that asked for another protocol."""
        self._is_upgrade = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        scope = self.scope
        return http_head.without_upgrade(scope["method"], self.url, scope["http_version"], self.headers)

    def _refuse(self, error: CoinslotError) -> None:
        """Reads nothing more; says why, behind the answers that are due."""
        self._is_over, self._refusal = True, error
        self._crowd.count("refused")
        if self._stage == BODY:  # it is the newest request's own body that cannot be read
            cycle = self.cycle
            cycle.disconnected = True
            cycle.message_event.set()
            self.pipeline = deque(queued for queued in self.pipeline if queued[0] is not cycle)
            if cycle.response_started:
                self.transport.abort()
                return
            if cycle is self._running:
                self._running = None
        if self._running is None:
            self._answer(error)

    def _answer(self, error: CoinslotError) -> None:
        if self.transport.is_closing():
            return
        content = orjson.dumps(body_of(error))
        more = {"content-type": "application/json", "content-length": str(len(content)), "connection": "close",
                "x-request-id": new_id("req"), **headers_of(error)}  # fmt: skip
        lines = [*self.server_state.default_headers, *((name.encode(), value.encode()) for name, value in more.items())]
        head = b"".join(b"%s: %s\r\n" % line for line in lines)
        self.transport.write(STATUS_LINE[status_of(error)] + head + b"\r\n" + content)
        self._linger()

    def _linger(self) -> None:
        """Ends the connection so that its client can read the answer: what it still sends is taken, for a while."""
        self._is_over = True
        if self.transport.is_closing():
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._crowd.end(self, self._crowd.limits.linger_seconds)


def _reason_of(error: httptools.HttpParserError) -> CoinslotError:
    """Returns what a callback raised, or that the request cannot be read."""
    cause = error.__context__
    return cause if isinstance(cause, CoinslotError) else MalformedRequest("This is no HTTP/1.1 request.")
