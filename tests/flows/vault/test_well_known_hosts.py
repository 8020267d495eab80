"""A key of each well-known host is saved by its name alone, and a chat by it is asked as that host wants it.

The hosts insist on what their guides say; only where they stand is another address here.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import aiohttp
import pytest

from app import db, settings
from app.adapters.providers.openai import OpenAIProvider
from app.domain.credentials.hosts import PRESETS
from app.domain.paywalls.provider import ProviderSetting
from app.domain.usage.requests import read_receipt
from app.flows.callers.standing import Standings
from app.flows.chat.answer import Carrier
from app.flows.chat.call import Run
from app.flows.chat.end import Stop, Wording
from app.flows.vault.saving import Wanted, save_own_key
from app.flows.vault.vault import Vault, VaultRules
from app.keeper import Keeper
from app.ports.providers import ChatProvider, ProviderTarget
from tests.emulators import own_hosts
from tests.emulators.own_hosts import HOSTS, KEY, MODEL, TOKENS, RunningHosts
from tests.support.books import assert_books_balance, running_queue
from tests.support.chat import Chat
from tests.support.credits import open_credits, someone_with_key
from tests.support.own_keys import NoEndpoint, box
from tests.support.scripted import COUNTER, limiter, request

pytestmark = pytest.mark.plain_sql
WORDING = Wording(lambda _: {}, lambda _: Stop("", {}))


class Elsewhere(OpenAIProvider):
    """Reaches every host at the emulator's address; what it sends there is what it would send to the host."""

    def __init__(self, base_url: str) -> None:
        super().__init__(allow_private=True)
        self._at = base_url

    async def _request(
        self, method: str, target: ProviderTarget, path: str, body: bytes | None = None
    ) -> aiohttp.ClientResponse:
        meant = urlsplit(target.base_url)
        assert meant.scheme == "https", "no key goes over a plain connection"
        there = replace(target, base_url=f"{self._at}/{meant.netloc}{meant.path}")
        return await super()._request(method, there, path, body)


@dataclass
class Hosts:
    """Own keys go to the hosts; the paywall's own provider is nobody's here."""

    hosts: Elsewhere

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        raise AssertionError("an own key's request went to the paywall's provider")

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        return self.hosts, ProviderTarget(setting.name, setting.base_url, api_key, setting.auth, setting.headers)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningHosts]:
    with own_hosts.running() as started:
        yield started


@pytest.fixture
async def ways(database: str, running: RunningHosts) -> AsyncIterator[Hosts]:
    settings.configure(data=settings.get().data, database_url=database)
    hosts = Hosts(Elsewhere(running.base_url))
    yield hosts
    await hosts.hosts.close()


@pytest.mark.parametrize("name", PRESETS)
async def test_a_key_is_saved_and_used_as_its_host_wants_it(ways: Hosts, running: RunningHosts, name: str) -> None:
    host = urlsplit(PRESETS[name].base_url).netloc
    await open_credits()
    ada, snapshot = await someone_with_key()
    vault = Vault(ways, box(), NoEndpoint(), Keeper(), "proc_test", VaultRules())
    saved = await save_own_key(vault, ada.account_id, Wanted(name, KEY))
    assert (saved.warning, saved.models) == ("", len(HOSTS[host].models))
    async with running_queue() as queue:
        chat = Chat(queue, ways, COUNTER, limiter(), standings=Standings(), vault=vault)
        asked = request(model=MODEL, stream=True, user="u1", max_completion_tokens=50)
        run = await chat.begin(snapshot, ada.account_id, asked, "req_1", None)
        assert isinstance(run, Run)
        sent = bytearray()

        async def send(piece: bytes) -> None:
            sent.extend(piece)

        last = await Carrier(chat.legs, COUNTER).stream(run, send, WORDING)
    assert b'"content": "ok"' in sent and b"[DONE]" in last
    with db.transaction(writes=False) as session:
        receipt = read_receipt(session, snapshot.paywall_id, "req_1")
    assert not receipt.estimated and sum(line.tokens or 0 for line in receipt.lines) == TOKENS["total_tokens"]
    body = running.asked[host][-1]
    assert body["model"] == MODEL and {body.get("max_tokens"), body.get("max_completion_tokens")} == {50, None}
    assert_books_balance()
