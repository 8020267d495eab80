"""The outside as a test wants it: names that lead where it says, endpoints that do what it says."""

import asyncio
import itertools
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress

from app.ports.providers import ProviderAnswer

PUBLIC = "127.0.0.2"
"""An address of loopback that the guard takes for a public one, where a test asks for `public_and_private`."""
_REAL_LOOKUP = socket.getaddrinfo


async def pieces_of(answer: ProviderAnswer) -> AsyncIterator[bytes]:
    """Yields what an answer says until its end."""
    while piece := await answer.read():
        yield piece


class Names:
    """A name server: a name leads to what was said of it, at each look-up to the next; others are really looked up."""

    def __init__(self) -> None:
        self._said: dict[str, Iterator[list[str]]] = {}
        self.asked: Counter[str] = Counter()

    def lead(self, name: str, *addresses: str) -> None:
        """Lets a name lead to all of these."""
        self._said[name] = itertools.repeat(list(addresses))

    def lead_in_turns(self, name: str, *addresses: str) -> None:
        """Lets a name lead to one of these, at the next look-up to the next."""
        self._said[name] = itertools.cycle([address] for address in addresses)

    def look_up(self, host: str, *more: object, **named: object) -> Iterable[object]:
        """Stands for socket.getaddrinfo."""
        self.asked[host] += 1
        addresses = next(self._said[host]) if host in self._said else [host]
        return [found for address in addresses for found in _REAL_LOOKUP(address, *more, **named)]  # type: ignore[arg-type]


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serves on a port, which it yields, until the block ends, and its connections with it."""
    running: set[asyncio.Task[None]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            await serve(reader, writer)
        writer.transport.abort()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.add(asyncio.create_task(run(reader, writer)))

    server = await asyncio.start_server(begin, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)  # the connections end in the loop's next round


Speak = Callable[[bytes], Awaitable[str]]
