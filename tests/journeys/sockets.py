"""Sockets of pages as any program can open them, and what the server uses of its processor for them."""

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.journeys.site import Site

BOOT = "reflex___state____state.hydrate_and_load"


@asynccontextmanager
async def raw(site: Site, cookie: str = "", token: str = "") -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Opens a socket as any program can, and says nothing on it yet."""
    async with socket_of(site.base_url, cookie, token) as socket:
        yield socket


@asynccontextmanager
async def socket_of(
    base_url: str, cookie: str = "", token: str = ""
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:  # fmt: skip
    """Does the same at any server, by its address."""
    url = f"{base_url}/_event/?token={token or uuid.uuid4()}&EIO=4&transport=websocket"
    headers = {"Cookie": f"coinslot_session={cookie}"} if cookie else {}
    async with aiohttp.ClientSession() as client, client.ws_connect(url, headers=headers, max_msg_size=0) as socket:
        yield socket


def event(name: str, payload: Any, path: str = "/wallet/") -> str:
    told = {"name": name, "payload": payload, "router_data": {"pathname": path, "asPath": path, "query": {}}}
    return f"42/_event,{json.dumps(['event', told])}"


def opening(path: str = "/wallet/") -> str:
    told = {"name": BOOT, "payload": {}, "router_data": {"pathname": path, "asPath": path, "query": {}}}
    return f"40/_event,{json.dumps({'event': told})}"


async def heard_until(socket: aiohttp.ClientWebSocketResponse, words: str, seconds: float = 30) -> str:
    """Returns what was heard until these words were."""
    heard = ""
    async with asyncio.timeout(seconds):
        while words not in heard:
            message = await socket.receive()
            assert message.type is aiohttp.WSMsgType.TEXT, (message, heard[-300:])
            heard += str(message.data)
    return heard


def cpu_seconds(site: Site) -> float:
    """Returns the processor time that the server has used."""
    pid = json.loads((site.data / "instance.json").read_text())["pid"]
    used = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")
