"""Idempotency-Key on chat over real HTTP: a retry gets the answer, from wherever it asks, and pays once."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import httpx
import pytest

from tests.emulators.upstream import RunningUpstream
from tests.support.heard import spoken
from tests.support.server import QUESTION, Demo, running
from tests.support.spec import check_answer, check_chunk


def spent(demo: Demo, user: str) -> Fraction:
    return Fraction(5) - demo.spendable(user)


@pytest.mark.parametrize("stream", [False, True])
def test_the_sdk_gets_the_same_answer_again_and_pays_once(demo: Demo, emulated: RunningUpstream, stream: bool) -> None:
    emulated.reset()
    user = demo.new_user()
    answers = [demo.chat("ok", user, stream=stream, key="a") for _ in range(3)]
    assert len({spoken(answer) for answer in answers}) == 1
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true", "true"]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 1
    assert demo.receipt(answers[2].headers["x-request-id"])["status"] == "settled"
    assert len(emulated.seen()) == 1
    if not stream:
        check_answer(answers[0].json())
        assert Fraction(answers[2].json()["paywall"]["charge"]) == spent(demo, user) > 0
        with demo.client() as client:
            again, same = (
                client.chat.completions.create(
                    model="ok", user=user, messages=QUESTION, extra_headers={"Idempotency-Key": "b"}
                )
                for _ in range(2)
            )
        assert again.id == same.id and len(emulated.seen()) == 2


def test_another_body_or_user_or_a_bad_key_is_told_apart(demo: Demo, emulated: RunningUpstream) -> None:
    user, other = demo.new_user(), demo.new_user()
    assert demo.chat("ok", user, key="k").status_code == 200
    refused = demo.chat("ok", user, temperature=0.5, key="k")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert "idempotent-replayed" not in demo.chat("ok", other, key="k").headers
    bad = demo.chat("ok", user, key="x" * 256)
    assert (bad.status_code, bad.json()["error"]["param"]) == (400, "Idempotency-Key")


@pytest.mark.unhurried
def test_two_at_once_with_one_key_get_one_answer(demo: Demo, emulated: RunningUpstream) -> None:
    emulated.reset()
    user = demo.new_user()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: demo.chat("ok:6:120", user, stream=True, key="k"), range(8)))
    assert len({spoken(answer) for answer in answers}) == 1 and answers[0].text.endswith("data: [DONE]\n\n")
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7
    assert len(emulated.seen()) == 1


@pytest.mark.unhurried
def test_a_dropped_stream_is_finished_and_given_to_the_retry(demo: Demo, emulated: RunningUpstream) -> None:
    emulated.reset()
    user = demo.new_user()
    body = {"model": "ok:40:5", "user": user, "messages": QUESTION, "stream": True}
    headers = demo.headers(**{"Idempotency-Key": "k"})
    with httpx.stream("POST", demo.api_base + "/chat/completions", json=body, headers=headers) as answer:
        request_id = answer.headers["x-request-id"]
        next(answer.iter_bytes())
    attached = httpx.post(demo.api_base + "/chat/completions", json=body, headers=headers, timeout=30)
    assert attached.headers["idempotent-replayed"] == "true" and attached.text.endswith("data: [DONE]\n\n")
    assert attached.text.count("data: {") == 42 and len(emulated.seen()) == 1
    assert emulated.seen()[0]["outcome"] != "disconnected"
    assert attached.headers.get_list("x-request-id") == [request_id]
    receipt = demo.receipt(request_id)
    assert (receipt["status"], receipt["disconnect"]) == ("settled", None) or receipt["disconnect"] == "drain"
    assert spent(demo, user) == Fraction(receipt["charge"]) > 0


@pytest.mark.unhurried
def test_a_link_is_not_kept(demo: Demo) -> None:
    user = demo.new_user(None)
    assert demo.chat("ok", user, key="k").headers["x-paywall-action"] == "topup"
    demo.post("/user/balance/deposit", {"user": user, "amount": "5"})
    answer = demo.chat("ok", user, key="k")
    assert (answer.headers["x-paywall-action"], answer.headers.get("idempotent-replayed")) == ("none", None)


@pytest.mark.slow
def test_a_retry_after_a_crash_runs_and_is_the_only_one_charged(tmp_path: Path, emulated: RunningUpstream) -> None:
    """Only a process that is killed and started again shows what is left of a key in the database."""
    emulated.reset()
    options = ("--upstream", emulated.base_url)
    with running(tmp_path / "data", *options) as demo:
        user = demo.new_user()
        body = {"model": "ok:100:20", "user": user, "messages": QUESTION, "stream": True}
        headers = demo.headers(**{"Idempotency-Key": "k"})
        with httpx.stream("POST", demo.api_base + "/chat/completions", json=body, headers=headers) as answer:
            next(answer.iter_bytes())
            demo.kill()
    with running(tmp_path / "data", *options) as demo:
        started = time.monotonic()
        with httpx.stream(
            "POST", demo.api_base + "/chat/completions", json=body, headers=headers, timeout=60
        ) as answer:
            events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: {")]
            request_id = answer.headers["x-request-id"]
        assert len(events) > 100 and time.monotonic() - started < 60
        assert spent(demo, user) == Fraction(demo.receipt(request_id)["charge"]) > 0
        assert demo.held(user) == 0 and demo.audit() == "The books balance."


@pytest.mark.unhurried
def test_when_money_ends_in_the_middle_the_sdk_reads_an_ordinary_end_with_the_link(demo: Demo) -> None:
    user = demo.new_user("0.004")
    with demo.client() as client:
        chunks = list(client.chat.completions.create(model="ok:3000:0", user=user, messages=QUESTION, stream=True))
    for chunk in chunks:
        check_chunk(chunk.model_dump(mode="json", exclude_unset=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "length"
    assert "/topup/" in text.rsplit("\n\n", 1)[1]
    assert 0 <= demo.spendable(user) < Fraction("0.004") and demo.held(user) == 0
