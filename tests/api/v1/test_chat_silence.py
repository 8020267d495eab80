"""A model that thinks long: the client sees that it is waited for, and a failure costs nothing."""

import time

import httpx
import pytest

from tests.emulators.upstream_exchange import WORDS
from tests.support.heard import events, said
from tests.support.server import QUESTION, Demo
from tests.support.spec import check_error

COMMENT = ": waiting for the model"
SILENCE_SECONDS = 0.5
"""After so long the server says that it waits; see its settings in conftest."""


def _comments(text: str) -> int:
    return sum(line == COMMENT for line in text.splitlines())


@pytest.mark.unhurried
@pytest.mark.parametrize("key", [None, "thinks"])
def test_a_silence_is_filled_with_comments_and_charged_as_usual(demo: Demo, key: str | None) -> None:
    user = demo.new_user()
    answer = demo.chat("thinking:8:1800", user, stream=True, key=key)
    chunks = events(answer)
    assert answer.text.startswith(COMMENT) and _comments(answer.text) >= 2 and "PROCESSING" not in answer.text
    assert (answer.headers["x-paywall-action"], said(chunks)) == ("none", "".join(WORDS[:8]))
    assert chunks[-1] == "[DONE]"
    receipt = demo.receipt(answer.headers["x-request-id"])
    assert next(line["tokens"] for line in receipt["lines"] if line["kind"] == "output") == 8
    if key is not None:
        again = demo.chat("thinking:8:1800", user, stream=True, key=key)
        assert again.headers["idempotent-replayed"] == "true" and _comments(again.text) == 0 and events(again) == chunks


def ask_quickly(demo: Demo, model: str, user: str, key: str | None = None) -> httpx.Response:
    """Asks again where the machine was away for as long as what is to be no silence may last."""
    for number in range(50):
        began = time.monotonic()
        answer = demo.chat(model, user, stream=True, key=key and f"{key}-{number}")
        if time.monotonic() - began < SILENCE_SECONDS:
            return answer
    raise AssertionError("this machine is too slow to tell a silence")


def test_a_short_silence_is_none(demo: Demo) -> None:
    answer = ask_quickly(demo, "thinking:8:50", demo.new_user())
    assert _comments(answer.text) == 0 and said(events(answer)) == "".join(WORDS[:8])


@pytest.mark.parametrize("key", [None, "fails"])
def test_an_error_before_the_first_comment_has_its_status(demo: Demo, key: str | None) -> None:
    user = demo.new_user()
    answer = ask_quickly(demo, "thinking:0:50", user, key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "too_long")
    assert (demo.spendable(user), demo.held(user)) == (5, 0)


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("model", "code", "key"),
    [
        ("thinking:0:900", "too_long", None),
        ("thinking:0:900", "too_long", "fails late"),
        ("thinking:8:20000", "provider_error", None),
    ],
)
def test_an_error_behind_a_comment_is_an_event_and_costs_nothing(
    demo: Demo, model: str, code: str, key: str | None
) -> None:
    user = demo.new_user()
    answer = demo.chat(model, user, stream=True, key=key)
    (error,) = events(answer)
    check_error(error)
    assert (answer.status_code, error["error"]["code"]) == (200, code) and _comments(answer.text)
    assert (demo.spendable(user), demo.held(user)) == (5, 0)
    assert demo.receipt(answer.headers["x-request-id"])["status"] == "released"


@pytest.mark.unhurried
def test_the_official_client_reads_a_stream_with_comments_and_its_errors(demo: Demo) -> None:
    import openai

    user = demo.new_user()
    with demo.client() as client:
        stream = client.chat.completions.create(model="thinking:8:1800", messages=QUESTION, user=user, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "".join(WORDS[:8])
        with pytest.raises(openai.APIError, match="Too long"):
            list(client.chat.completions.create(model="thinking:0:900", messages=QUESTION, user=user, stream=True))
