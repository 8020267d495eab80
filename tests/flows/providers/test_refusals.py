"""A provider that refuses its key is known until it answers, whoever of the processes learns of either."""

from collections.abc import AsyncIterator

import pytest

from app import db
from app.domain.errors import ProviderFailed
from app.domain.paywalls.provider import ProviderSetting
from app.domain.providers.refusals import list_of
from app.flows.chat.call import Run
from app.flows.providers import refusals
from app.flows.providers.refusals import Refusals
from app.keeper import Keeper
from tests.support.books import give, make_snapshot, running_queue
from tests.support.scripted import Scripted, flows, request, whole

pytestmark = pytest.mark.plain_sql

OWN = ProviderSetting("own", "https://x.example/v1", key_sealed="sealed")


@pytest.fixture
async def keeper() -> AsyncIterator[Keeper]:
    made = Keeper()
    yield made
    await made.drain(10)


def stands(paywall_id: str) -> list[tuple[str, int, str]]:
    with db.transaction(writes=False) as session:
        return [(found.provider, found.status, found.words) for found in list_of(session, paywall_id)]


async def test_a_request_that_is_refused_for_its_key_is_noted_and_one_that_is_answered_forgets_it(
    database: str,
) -> None:
    snapshot, provider = make_snapshot(), Scripted(whole("Hi"), content_type="application/json")
    name = snapshot.configuration.providers[0].name
    await give(snapshot, "ada", 5_000_000_000)
    async with running_queue() as queue:
        chat, _ = flows(queue, provider)
        provider.refusal = ProviderFailed("It refused.", 401, body={"message": "No such key."})
        with pytest.raises(ProviderFailed):
            await chat.begin(snapshot, "ada", request(), "req_1", None)
        await chat.keeper.drain(10)
        assert stands(snapshot.paywall_id) == [(name, 401, "No such key.")]
        provider.refusal = None
        run = await chat.begin(snapshot, "ada", request(), "req_2", None)
        assert isinstance(run, Run)
        await chat.release(run)
        await chat.keeper.drain(10)
    assert stands(snapshot.paywall_id) == []


@pytest.mark.parametrize(("status", "times", "is_noted"), [
    (401, 1, True), (402, 1, True), (403, 2, False), (403, 3, True), (400, 9, False), (429, 9, False),
    (500, 9, False), (None, 9, False),
])  # fmt: skip
async def test_what_is_not_about_the_key_is_not_noted(
    database: str, keeper: Keeper, status: int | None, times: int, is_noted: bool
) -> None:
    paywall_id, refusing = make_snapshot({}, OWN).paywall_id, Refusals(keeper)
    for _ in range(times):
        refusing.refused(paywall_id, OWN, ProviderFailed("It refused.", status))
    await keeper.drain(10)
    assert stands(paywall_id) == ([("own", status, "")] if is_noted else [])


async def test_an_answer_between_two_says_that_they_were_about_what_was_asked(database: str, keeper: Keeper) -> None:
    paywall_id, refusing = make_snapshot({}, OWN).paywall_id, Refusals(keeper)
    for _ in range(4):
        refusing.refused(paywall_id, OWN, ProviderFailed("It refused.", 403))
        refusing.answered(paywall_id, "own")
    await keeper.drain(10)
    assert stands(paywall_id) == []


async def test_what_goes_on_is_written_now_and_then_and_not_for_each_request(
    database: str, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    paywall_id, refusing, written = make_snapshot({}, OWN).paywall_id, Refusals(keeper), []
    monkeypatch.setattr(refusing, "_write", lambda one, work: written.append(one))
    for _ in range(50):
        refusing.refused(paywall_id, OWN, ProviderFailed("It refused.", 401))
    assert len(written) == 1
    monkeypatch.setattr(refusals, "WRITTEN_MICROSECONDS", 0)
    refusing.refused(paywall_id, OWN, ProviderFailed("It refused.", 401))
    assert len(written) == 2


@pytest.mark.unhurried
async def test_another_process_that_is_answered_forgets_it_too(database: str, keeper: Keeper) -> None:
    paywall_id = make_snapshot({}, OWN).paywall_id
    Refusals(keeper).refused(paywall_id, OWN, ProviderFailed("It refused.", 401))
    await keeper.drain(10)
    other = Refusals(keeper)
    other.answered(paywall_id, "own")
    await keeper.drain(10)
    assert stands(paywall_id) == [("own", 401, "")]
    await other.read()
    other.answered(paywall_id, "own")
    await keeper.drain(10)
    assert stands(paywall_id) == []


async def test_what_the_old_key_was_refused_says_nothing_of_the_new_one(database: str, keeper: Keeper) -> None:
    paywall_id = make_snapshot({}, OWN).paywall_id
    Refusals(keeper).refused(
        paywall_id, ProviderSetting("own", OWN.base_url, "before"), ProviderFailed("It refused.", 401)
    )
    Refusals(keeper).refused("pw_nowhere", OWN, ProviderFailed("It refused.", 401))
    await keeper.drain(10)
    assert stands(paywall_id) == []
