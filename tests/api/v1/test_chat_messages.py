"""What a user reads instead of an answer, in the developer's words: templates, or an endpoint that writes it."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from app.adapters.secret_box import SecretBox
from app.domain.key_text import make_signing_secret
from app.domain.paywalls.configuration import ResponderSetting, read_current
from app.domain.paywalls.messages import seal_context
from app.flows.paywalls.demo import PAYWALL_ID, SHARED_PAYWALL_ID
from tests.emulators import responder as emulator
from tests.emulators import upstream
from tests.emulators.responder import RunningResponder, wait_until_received
from tests.support import books
from tests.support.server import QUESTION, Demo, running
from tests.support.spec import check_answer, check_chunk

SECRET = make_signing_secret()
TEMPLATES = {
    "topup": "{{name}} needs {{ shortfall }} more: {{ url }}",
    "authorize": "Let {{ name }} in: {{ url }}",
    "stopped": "That was all: {{ url }}",
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[RunningResponder]:
    with emulator.running() as started:
        yield started


def configure(demo: Demo, url: str | None, paywall_id: str = PAYWALL_ID) -> None:
    """Publishes templates, and an endpoint if there is one, and waits until the server knows."""
    box = SecretBox([(demo.data / "secret.key").read_text().strip().encode()])
    responder = None if url is None else ResponderSetting(url, box.seal(SECRET, seal_context(paywall_id)))
    engine = create_engine(f"sqlite:///{demo.data / 'coinslot.db'}")
    with Session(engine) as session, session.begin():
        _, newest = read_current(session, paywall_id)
        books.publish(session, paywall_id, replace(newest, messages=TEMPLATES, responder=responder))
    engine.dispose()
    time.sleep(1)  # a request without a hold sees a change within a second (`decisions.md` 27)


def said(answer: httpx.Response) -> str:
    """Returns the assistant's text, streamed or not, of an answer that is a completion as OpenAI defines one."""
    assert answer.status_code == 200, answer.text
    if not answer.headers["content-type"].startswith("text/event-stream"):
        check_answer(answer.json())
        text: str = answer.json()["choices"][0]["message"]["content"]
        return text
    events = [json.loads(line[6:]) for line in answer.text.split("\n\n") if line.startswith("data: {")]
    assert answer.text.endswith("data: [DONE]\n\n")
    for event in events:
        check_chunk(event)
    return "".join(event["choices"][0]["delta"].get("content") or "" for event in events if event["choices"])


@pytest.fixture(scope="module")
def trusting(
    emulated: upstream.RunningUpstream, tmp_path_factory: pytest.TempPathFactory, endpoint: RunningResponder
) -> Iterator[Demo]:
    """A server that may ask endpoints on this machine; its shared paywall has templates alone."""
    data = tmp_path_factory.mktemp("messages")
    with running(data, "--upstream", emulated.base_url, ALLOW_PRIVATE_ADDRESSES="true") as started:
        configure(started, None, SHARED_PAYWALL_ID)
        configure(started, endpoint.url("by-user"))
        yield started
        assert started.audit() == "The books balance."


def poor_user(demo: Demo, behaviour: str) -> str:
    """Returns a user without money, for whom the endpoint behaves like this."""
    return f"{demo.new_user(None)}.{behaviour}"


@pytest.mark.unhurried
@pytest.mark.parametrize("more", [{}, {"stream": True}])
def test_the_endpoint_writes_what_the_user_reads(
    trusting: Demo, endpoint: RunningResponder, more: dict[str, Any]
) -> None:
    endpoint.received.clear()
    user = poor_user(trusting, "ok")
    answer = trusting.chat("ok", user, key=f"{user}{more}", **more)
    [received] = endpoint.received
    sent = Webhook(SECRET).verify(received.body, received.headers)
    assert said(answer) == f"Ein Moment, {user}: {sent['url']}"
    assert sent["message"].endswith(sent["url"]) and sent["url"].startswith(f"{trusting.base_url}/topup/")
    assert (sent["event"], sent["user"], sent["model"]) == ("topup", user, "ok")
    assert sent["requestId"] == answer.headers["x-request-id"]
    assert answer.headers["x-paywall-action"] == "topup"
    told = said(trusting.chat("ok", poor_user(trusting, "without-link"), **more))
    assert f"Ask the front desk.\n\n{trusting.base_url}/topup/" in told


@pytest.mark.parametrize("more", [{}, {"stream": True}])
def test_a_template_is_what_the_user_reads_where_there_is_no_endpoint(trusting: Demo, more: dict[str, Any]) -> None:
    told = said(trusting.shared.chat("ok", "ada", **more))
    assert told.startswith(f"Let Marginalia in: {trusting.base_url}/authorize/")


@pytest.mark.parametrize("behaviour", ["error", "big", "redirect", "half", "cut"])
def test_the_template_stands_in_for_whatever_goes_wrong(trusting: Demo, behaviour: str) -> None:
    told = said(trusting.chat("ok", poor_user(trusting, behaviour), stream=True))
    assert told.startswith("Lexica needs $") and f" more: {trusting.base_url}/topup/" in told


@pytest.mark.unhurried
def test_an_endpoint_that_hangs_is_left_after_three_seconds_and_keeps_nobody_else_waiting(
    trusting: Demo, endpoint: RunningResponder
) -> None:
    paying, endpoint.received[:] = trusting.new_user(), []
    users = [poor_user(trusting, "late") for _ in range(5)]
    with httpx.Client(base_url=trusting.api_base, headers=trusting.headers(), timeout=60) as client:

        def ask(user: str) -> httpx.Response:
            return client.post("/chat/completions", json={"model": "ok", "user": user, "messages": QUESTION})

        with ThreadPoolExecutor(5) as pool:
            waiting = [pool.submit(ask, user) for user in users]
            wait_until_received(endpoint, 5)
            answered = ask(paying)
            assert not any(answer.done() for answer in waiting)
            assert answered.headers["x-paywall-action"] == "none"
            for answer in waiting:
                assert said(answer.result()).startswith("Lexica needs $")
                assert 2.9 < answer.result().elapsed.total_seconds() < 20  # the endpoint would take 30


def test_strict_mode_asks_no_endpoint(trusting: Demo, endpoint: RunningResponder) -> None:
    endpoint.received.clear()
    body = {"model": "ok", "user": poor_user(trusting, "ok"), "messages": QUESTION}
    answer = trusting.post("/chat/completions", body, X_Paywall_Errors="http")
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, "insufficient_funds")
    assert answer.json()["error"]["message"].startswith("Lexica needs $")
    assert endpoint.received == []


def test_a_charge_that_cannot_be_made_is_said_in_the_developers_words_and_asks_no_endpoint(
    trusting: Demo, endpoint: RunningResponder
) -> None:
    endpoint.received.clear()
    refused = trusting.post("/user/charge", {"user": poor_user(trusting, "ok"), "amount": "2"}).json()
    assert refused["message"] == f"Lexica needs $2.00 more: {refused['url']}"
    refused = trusting.shared.post("/user/charge", {"user": "ada", "amount": "2"}).json()
    assert refused["message"] == f"Let Marginalia in: {refused['url']}"
    assert endpoint.received == []


@pytest.mark.unhurried
def test_an_answer_that_is_cut_ends_with_the_developers_words(trusting: Demo, endpoint: RunningResponder) -> None:
    endpoint.received.clear()
    user = trusting.new_user("0.004")
    answer = trusting.chat("ok:3000:0", user, stream=True)
    assert f"\n\nThat was all: {trusting.base_url}/topup/" in said(answer)
    assert endpoint.received == []


@pytest.mark.unhurried
def test_an_endpoint_on_a_private_address_is_never_asked(demo: Demo, endpoint: RunningResponder) -> None:
    configure(demo, endpoint.url("by-user"))
    endpoint.received.clear()
    try:
        assert said(demo.chat("ok", poor_user(demo, "ok"))).startswith("Lexica needs $")
        assert endpoint.received == []
    finally:
        configure(demo, None)
