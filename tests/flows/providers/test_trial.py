"""A provider is tried by a real answer: what it says comes back, and nothing of it is charged or counted."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app import db
from app.domain.errors import BadField, CoinslotError, NotAllowed, ProviderFailed
from app.domain.ledger.tables import LedgerHold
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import NewPrice
from app.domain.providers import refusals
from app.flows.providers.trial import Trial, Verdict, try_answer
from app.ports.providers import ChatProvider, ProviderTarget
from tests.support.books import make_snapshot
from tests.support.managing import OPERATOR, manager, own, owner_of, person
from tests.support.scripted import Scripted

pytestmark = pytest.mark.plain_sql

WHOLE = b'{"choices": [{"message": {"content": "ok"}}], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}'
OTHER = ProviderSetting("other", "https://y.example/v1")


class Asked(Scripted):
    """A provider that says which of a paywall's was asked, and lists one model."""

    def __init__(self, *pieces: bytes | Exception | None) -> None:
        super().__init__(*pieces)
        self.asked: list[str] = []

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        self.asked.append(setting.name)
        return super().find(paywall_id, setting)

    async def list_models(self, target: ProviderTarget) -> list[str]:
        return ["first", "second"]


def paywall(*prices: NewPrice) -> str:
    served = {price.model: price for price in prices}
    return make_snapshot(served, (ProviderSetting("own", "https://x.example/v1"), OTHER)).paywall_id


def without_time(trial: Trial) -> Trial:
    assert trial.milliseconds >= 0
    return replace(trial, milliseconds=0)


async def test_the_model_that_it_serves_is_asked_under_its_name_there(database: str) -> None:
    paywall_id = paywall(NewPrice("a", 1, 1), NewPrice("b", 1, 1, provider="other", upstream_model="b-2"))
    provider = Asked(WHOLE)
    found = await try_answer(provider, owner_of(paywall_id), "other")
    assert without_time(found) == Trial(Verdict.ANSWERED, "b-2", 0, 11)
    assert provider.asked == ["other"] and provider.sent[0]["model"] == "b-2" and provider.sent[0]["max_tokens"] == 16
    assert provider.answer.is_closed
    with db.transaction(writes=False) as session:
        assert session.scalar(select(func.count()).select_from(LedgerHold)) == 0


async def test_one_that_serves_no_model_yet_is_asked_by_one_that_it_lists(database: str) -> None:
    found = await try_answer(Asked(WHOLE), owner_of(paywall(NewPrice("a", 1, 1))), "other")
    assert without_time(found) == Trial(Verdict.ANSWERED, "first")


async def test_a_list_without_an_answer_proves_nothing(database: str) -> None:
    provider = Asked()
    provider.refusal = ProviderFailed("It refused.", 404, body={"message": "No such model."})
    found = await try_answer(provider, owner_of(paywall(NewPrice("a", 1, 1))), "other")
    assert (found.verdict, found.model) == (Verdict.LISTED, "first") and "No such model." in found.words


async def test_what_a_trial_is_told_of_the_key_stands_until_one_is_answered(database: str) -> None:
    paywall_id, provider = paywall(NewPrice("a", 1, 1)), Asked(WHOLE)

    def standing() -> list[tuple[str, int]]:
        with db.transaction(writes=False) as session:
            return [(found.provider, found.status) for found in refusals.list_of(session, paywall_id)]

    provider.refusal = ProviderFailed("It refused.", 401)
    await try_answer(provider, owner_of(paywall_id), "own")
    assert standing() == [("own", 401)]
    provider.refusal = ProviderFailed("It refused.", 500)
    await try_answer(provider, owner_of(paywall_id), "own")
    assert standing() == [("own", 401)]
    provider.refusal = None
    await try_answer(provider, owner_of(paywall_id), "own")
    assert standing() == []


@pytest.mark.parametrize(
    ("refusal", "verdict", "words"),
    [
        (ProviderFailed("It refused.", 401, body={"message": "No such key."}), Verdict.REFUSED, "No such key."),
        (ProviderFailed("It refused.", 500), Verdict.REFUSED, "It refused."),
        (ProviderFailed("Nobody answers."), Verdict.UNREACHABLE, "Nobody answers."),
        (ProviderFailed("Too slow.", timed_out=True), Verdict.UNREACHABLE, "Too slow."),
    ],
)
async def test_what_it_says_instead_comes_back(
    database: str, refusal: ProviderFailed, verdict: Verdict, words: str
) -> None:
    provider = Asked()
    provider.refusal = refusal
    found = await try_answer(provider, owner_of(paywall(NewPrice("a", 1, 1))), "own")
    assert without_time(found) == Trial(verdict, "a", words=words)


@pytest.mark.parametrize(
    ("piece", "verdict"), [(b"<html>", Verdict.REFUSED), (ProviderFailed("It broke off."), Verdict.UNREACHABLE)]
)
async def test_an_answer_that_is_none_is_none(database: str, piece: bytes | Exception, verdict: Verdict) -> None:
    provider = Asked(piece)
    found = await try_answer(provider, owner_of(paywall(NewPrice("a", 1, 1))), "own")
    assert found.verdict is verdict and provider.answer.is_closed


async def test_an_answer_without_usage_says_nothing_of_tokens(database: str) -> None:
    found = await try_answer(Asked(b'{"choices": []}'), owner_of(paywall(NewPrice("a", 1, 1))), "own")
    assert (found.verdict, found.tokens) == (Verdict.ANSWERED, None)


class Sealed(Asked):
    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        raise CoinslotError("Its key cannot be opened.")


async def test_a_key_that_cannot_be_opened_is_said(database: str) -> None:
    found = await try_answer(Sealed(), owner_of(paywall(NewPrice("a", 1, 1))), "own")
    assert without_time(found) == Trial(Verdict.REFUSED, "a", words="Its key cannot be opened.")


async def test_only_its_owner_tries_and_only_what_there_is(database: str) -> None:
    paywall_id = paywall(NewPrice("a", 1, 1))
    provider = Asked(WHOLE)
    with pytest.raises(BadField):
        await try_answer(provider, owner_of(paywall_id), "nobody")
    own(paywall_id, person("ada@example.org"))
    with pytest.raises(NotAllowed):
        await try_answer(provider, manager(paywall_id, person(OPERATOR)), "own")
    assert not provider.asked
