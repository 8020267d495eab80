"""The desk answers with the guide's words, or a model's that cite them; whatever a model does, there is an answer."""

import pytest

from app.domain.errors import BadField, LimitReached, ProviderFailed
from app.flows.help.desk import ANSWER_BYTES_MAX, BY_MODEL, NOTHING, QUESTION_CHARACTERS_MAX
from tests.support.helped import BASE_URL, desk
from tests.support.scripted import Scripted, whole

QUESTION = "How do I connect Stripe?"


async def test_without_a_model_the_best_section_is_quoted_with_its_citations() -> None:
    answer = await desk().ask(QUESTION, "ada")
    assert answer.is_found and 1 <= len(answer.cited) <= 3
    assert answer.text.strip() and answer.cited[0].text[:40] in answer.text


async def test_a_snippet_has_the_readers_own_address() -> None:
    answer = await desk().ask("how do I call it from python with the openai sdk", "ada")
    assert f'base_url="{BASE_URL}/v1"' in answer.text and "127.0.0.1" not in answer.text


async def test_a_model_that_cites_what_it_was_given_words_the_answer() -> None:
    model = Scripted(whole("Paste a restricted key [stripe#test-mode]."))
    answer = await desk(model).ask(QUESTION, "ada")
    assert answer.text == "Paste a restricted key [1](<stripe#test-mode>)."
    assert [section.id for section in answer.cited] == ["stripe#test-mode"]
    assert len(model.sent) == 1 and model.answer.is_closed


@pytest.mark.parametrize(
    "said", [whole("Paste a key."), whole("See [limits#made-up]."), whole("NONE"), b"{", b"x" * (ANSWER_BYTES_MAX + 1)]
)
async def test_an_answer_that_counts_for_nothing_is_replaced_by_the_section(said: bytes) -> None:
    answer = await desk(Scripted(said)).ask(QUESTION, "ada")
    assert answer == await desk().ask(QUESTION, "ada")


async def test_a_model_that_fails_is_nobodys_failure() -> None:
    refusing, breaking = Scripted(whole("x")), Scripted(b"{", ProviderFailed("It broke off."))
    refusing.refusal = ProviderFailed("No.", 500)
    for model in (refusing, breaking):
        assert await desk(model).ask(QUESTION, "ada") == await desk().ask(QUESTION, "ada")


async def test_what_is_about_something_else_gets_one_sentence_and_no_model() -> None:
    model = Scripted(whole("Paris [chat]."))
    answer = await desk(model).ask("What's the capital of France?", "ada")
    assert (answer.text, answer.cited, answer.is_found, model.sent) == (NOTHING, (), False, [])


async def test_a_question_has_a_length() -> None:
    asked = desk()
    for question in ("", "  \n ", "x" * (QUESTION_CHARACTERS_MAX + 1)):
        with pytest.raises(BadField):
            await asked.ask(question, "ada")
    assert not (await asked.ask("x" * QUESTION_CHARACTERS_MAX, "ada")).is_found


async def test_thirty_a_minute_may_be_asked_by_an_account_and_by_an_address() -> None:
    at = [0.0]
    asked = desk(now=lambda: at[0])
    for number in range(30):
        await asked.ask(QUESTION, "ada", f"network-{number}")
    with pytest.raises(LimitReached):
        await asked.ask(QUESTION, "ada", "elsewhere")
    await asked.ask(QUESTION, "bob", "elsewhere")
    at[0] = 2.0
    await asked.ask(QUESTION, "ada", "elsewhere")
    with pytest.raises(LimitReached):
        await asked.ask(QUESTION, "ada", "elsewhere")


async def test_what_the_operator_pays_is_bounded() -> None:
    model = Scripted(whole("Paste a key [stripe#test-mode]."))
    asked = desk(model, now=lambda: 0.0)
    most = int(BY_MODEL.at_once)
    for number in range(most + 2):
        answer = await asked.ask(QUESTION, f"somebody-{number}")
        assert answer.is_found
    assert len(model.sent) == most
