"""A key is proved by an answer of a model that chats, and by nothing that a provider says to everybody."""

from collections.abc import Sequence

import pytest

from app.domain.errors import ProviderFailed
from app.domain.paywalls.provider import ProviderSetting
from app.flows.providers.proof import Proof, likely, prove_key, words_of
from app.ports.providers import ProviderAnswer, ProviderTarget
from tests.support.scripted import Scripted, whole

OWN, TARGET = ProviderSetting("own", "https://x.example/v1"), ProviderTarget("own", "https://x.example/v1", "sk")


class Says(Scripted):
    """A provider that answers with these failures first, then as any other."""

    def __init__(self, *failures: ProviderFailed) -> None:
        super().__init__(whole("ok"), content_type="application/json")
        self._failures = list(failures)

    async def send(self, target: ProviderTarget, body: bytes) -> ProviderAnswer:
        self.refusal = self._failures.pop(0) if self._failures else None
        return await super().send(target, body)


def failed(status: int | None, words: str = "Not so.") -> ProviderFailed:
    return ProviderFailed("It failed.", status, body={"message": words})


@pytest.mark.parametrize(
    ("failures", "proof"),
    [
        ((), Proof("a")),
        ((failed(404),), Proof("b")),
        ((failed(403), failed(400)), Proof("c")),
        ((failed(402, "Pay first."),), Proof(doubt="a: Pay first.")),
        ((failed(429),), Proof(doubt="a: Not so.")),
        ((failed(None),), Proof(doubt="a: Not so.")),
        ((failed(404), failed(404), failed(404, "Gone.")), Proof(doubt="a, b, c did not answer. The last said: Gone.")),
    ],
)
async def test_the_first_model_that_answers_proves_it(failures: Sequence[ProviderFailed], proof: Proof) -> None:
    assert await prove_key(Says(*failures), TARGET, OWN, ["a", "b", "c", "d"]) == proof


@pytest.mark.parametrize("failures", [(failed(401),), (failed(404), failed(401)), (failed(403),) * 3])
async def test_a_key_that_is_refused_is_refused(failures: Sequence[ProviderFailed]) -> None:
    with pytest.raises(ProviderFailed, match=r"It failed\."):
        await prove_key(Says(*failures), TARGET, OWN, ["a", "b", "c"])


async def test_a_model_that_does_not_chat_is_not_asked() -> None:
    found = await prove_key(Says(), TARGET, OWN, ["text-embedding-3-small", "whisper-1"])
    assert not found.model and found.doubt


async def test_one_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.flows.providers.proof.PROOF_SECONDS_MAX", 0.2)
    silent = Scripted(None)
    found = await prove_key(silent, TARGET, OWN, ["a"])
    assert "0.2 seconds" in found.doubt and silent.answer.is_closed


def test_what_failed_is_said_in_its_own_words_where_it_has_some() -> None:
    assert words_of(ProviderFailed("The provider far did not answer in time.")) == (
        "The provider far did not answer in time."
    )
    said = ProviderFailed("No.", 503, body={"error": {"message": "Too busy (again)."}})
    assert words_of(said) == "Too busy (again)."


def test_small_models_that_do_not_think_first_are_asked_first() -> None:
    listed = ["text-embedding-3-small", "gpt-4o", "o3-mini", "gpt-4o-mini", "llama-3.1-8b", "gpt-4o-mini-tts"]
    assert likely(listed) == ("gpt-4o-mini", "llama-3.1-8b", "gpt-4o")
