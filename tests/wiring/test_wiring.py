"""What one process is made of."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from app import db, settings, wiring
from app.adapters.outbound.guard import LOOKUPS_MAX
from app.adapters.secret_box import SecretBox
from app.domain.errors import CoinslotError, ProviderFailed, Unavailable
from app.domain.money import Environment
from app.domain.paywalls.paywall import find_credits
from app.domain.paywalls.provider import ProviderSetting
from app.flows.paywalls.demo import PAYWALL_ID, SHARED_PAYWALL_ID
from app.wiring import Wiring
from app.wiring.adapters import ProvidersByName
from tests.emulators import upstream


@pytest.fixture
def emulated() -> Iterator[upstream.RunningUpstream]:
    with upstream.running() as started:
        yield started


async def test_a_sealed_key_is_opened_for_its_own_paywall_only(database: str) -> None:
    providers, box = ProvidersByName(settings.get(), Wiring().counter), SecretBox(settings.get().secrets)
    for is_old in (False, True):
        setting = ProviderSetting("openai", "https://api.example/v1", is_seal_old=is_old)
        setting = replace(setting, key_sealed=box.seal("sk-upstream", setting.seal_context("pw_1")))
        assert providers.find("pw_1", setting)[1].api_key == "sk-upstream"
        others = replace(setting, name="together"), replace(setting, is_seal_old=not is_old)
        wrong = [("pw_2", setting), *(("pw_1", other) for other in others[is_old:])]
        for paywall_id, other in wrong:
            with pytest.raises(CoinslotError):
                providers.find(paywall_id, other)
    await providers.close()


async def test_keys_of_settings_that_came_and_went_are_not_kept_for_ever(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.wiring.adapters.TARGETS_MAX", 2)
    providers = ProvidersByName(settings.get(), Wiring().counter)
    found = [providers.find("pw_1", ProviderSetting(f"p{at}", "https://api.example/v1"))[1] for at in range(5)]
    assert [target.name for target in providers._targets.values()] == ["p3", "p4"]
    assert providers.find("pw_1", ProviderSetting("p4", "https://api.example/v1"))[1] is found[4]
    await providers.close()


async def test_the_demos_upstream_key_serves_the_demos_paywalls_alone(database: str) -> None:
    settings.configure(upstream_url="https://api.example/v1", upstream_key=SecretStr("sk-operators"))
    providers = ProvidersByName(settings.get(), Wiring().counter)
    settings_by_name = [ProviderSetting(name, "https://api.example/v1") for name in ("upstream", "other")]
    for paywall_id, key in ((PAYWALL_ID, "sk-operators"), (SHARED_PAYWALL_ID, "sk-operators"), ("pw_1", None)):
        assert [providers.find(paywall_id, each)[1].api_key for each in settings_by_name] == [key, key]
    elsewhere = ProviderSetting("upstream", "https://api.example/v1/")
    assert providers.find(PAYWALL_ID, elsewhere)[1].api_key is None
    await providers.close()


async def test_commits_are_refused_before_the_start_and_after_the_end(database: str) -> None:
    from app.domain.ledger.operations import Release

    wiring.replace(None)
    queue = wiring.get().queue
    with pytest.raises(Unavailable):
        await queue.commit(Release("hold:x"))
    async with wiring.running():
        pass
    with pytest.raises(Unavailable):
        await queue.commit(Release("hold:x"))


async def test_only_the_server_that_the_operator_named_may_be_private(emulated: upstream.RunningUpstream) -> None:
    for named, reaches in (
        (emulated.base_url, True),
        (emulated.base_url.replace(str(emulated.port), str(emulated.port + 1)), False),
        ("http://127.0.0.1", False),
        ("https://127.0.0.1/v1", False),
    ):
        settings.configure(upstream_url=named)
        providers = ProvidersByName(settings.get(), Wiring().counter)
        provider, target = providers.reach(ProviderSetting("own", emulated.base_url), "sk-theirs")
        if reaches:
            assert await provider.list_models(target)
        else:
            with pytest.raises(ProviderFailed, match="private address"):
                await provider.list_models(target)
        await providers.close()
    settings.configure()


async def test_names_that_people_have_looked_up_keep_no_paywall_waiting(
    emulated: upstream.RunningUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that whoever types in a host may run answers late, for as many names as somebody asks for."""
    goes_on, find = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *arguments: Any) -> Any:
        if host.endswith(".slow.example"):
            goes_on.wait(20)
        return find("127.0.0.1", *arguments)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    settings.configure(allow_private_addresses=True)
    providers = ProvidersByName(settings.get(), Wiring().counter)
    asking = []
    for number in range(2 * LOOKUPS_MAX):
        provider, target = providers.reach(ProviderSetting("own", f"http://{number}.slow.example/v1"), "sk-theirs")
        asking.append(asyncio.create_task(provider.list_models(target)))
    await asyncio.sleep(0.2)
    own, target = providers.find("pw_1", ProviderSetting("theirs", f"http://paywalls.example:{emulated.port}/v1"))
    async with asyncio.timeout(15):
        assert await own.list_models(target)
    goes_on.set()
    await asyncio.gather(*asking, return_exceptions=True)
    await providers.close()
    settings.configure()


@pytest.mark.parametrize("lives", [wiring.working, wiring.running])
async def test_what_outlives_its_caller_has_ended_before_the_adapters_are_closed(
    database: str, lives: Callable[[], AbstractAsyncContextManager[object]]
) -> None:
    """Such as the mail of a job that `coinslot job` runs once: nobody else would send it."""
    wiring.replace(None)
    wired, done = wiring.get(), list[str]()

    async def send() -> None:
        await asyncio.sleep(0.2)
        done.append("sent")

    async def close() -> None:
        done.append("closed")

    wired._closing.push_async_callback(close)
    async with lives():
        wired.keeper.keep(send())
    assert done == ["sent", "closed"] and wiring.get() is not wired
    wiring.replace(None)


@pytest.mark.parametrize(
    ("chosen", "offers"), [({}, True), ({"credits": False}, False), ({"openrouter_key": ""}, False)]
)
async def test_who_serves_with_a_provider_of_their_own_offers_credits_unless_they_say_no(
    database: str, chosen: dict[str, object], offers: bool
) -> None:
    settings.configure(
        data=settings.get().data, database_url=database, **{"openrouter_key": "sk-or-v1-operators", **chosen}
    )
    wiring.replace(None)
    async with wiring.running():
        with db.transaction(writes=False) as session:
            assert (find_credits(session, Environment.LIVE) is not None) is offers
