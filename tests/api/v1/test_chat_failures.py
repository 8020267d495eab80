"""Upstreams that misbehave in every way that one ever did: what the client reads, and what it is charged."""

import os
import signal
from fractions import Fraction

import httpx
import pytest

from tests.emulators import upstream
from tests.emulators.upstream import RunningUpstream
from tests.support.heard import events, said
from tests.support.server import UPSTREAM_KEY, Demo, arithmetic, running
from tests.support.spec import check_chunk, check_error


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("error-400", 400, "upstream_400"),
        ("error-401", 502, "upstream_401"),
        ("error-404", 404, "upstream_404"),
        ("error-429", 429, "upstream_429"),
        ("error-500", 502, "upstream_500"),
        ("error-503", 502, "upstream_503"),
        ("error-529", 502, "upstream_529"),
        ("error-first", 502, "provider_error"),
        ("cut-before", 502, "provider_error"),
        ("garbage", 502, "provider_error"),
        ("garbage-json", 502, "provider_error"),
        ("garbage-stream", 502, "provider_error"),
        ("redirect", 502, "provider_error"),
        ("slow-first:8:20000", 504, "provider_error"),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_failure_before_the_first_token_charges_nothing(
    demo: Demo, model: str, status: int, code: str, is_stream: bool
) -> None:
    user = demo.new_user()
    answer = demo.chat(model, user, stream=is_stream)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    check_error(answer.json())
    assert UPSTREAM_KEY not in answer.text
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers.get("retry-after") == ("7" if model in ("error-429", "error-503", "error-529") else None)
    assert (demo.spendable(user), demo.held(user)) == (5, 0)
    assert demo.receipt(answer.headers["x-request-id"])["status"] == "released"


@pytest.mark.unhurried
@pytest.mark.parametrize("model", ["cut", "silent", "early-usage", "error-mid-stream", "error-finish"])
def test_a_stream_that_breaks_charges_what_was_delivered(demo: Demo, model: str) -> None:
    user = demo.new_user()
    answer = demo.chat(model, user, stream=True)
    *chunks, last = events(answer)
    receipt = demo.receipt(answer.headers["x-request-id"])
    check_error(last)
    for chunk in chunks:
        check_chunk(chunk)
    assert said(chunks) and UPSTREAM_KEY not in answer.text
    assert next(line["tokens"] for line in receipt["lines"] if line["kind"] == "output") == 6
    assert receipt["estimated"] and Fraction(receipt["charge"]) == arithmetic(receipt) > 0
    assert Fraction(5) - demo.spendable(user) == Fraction(receipt["charge"])
    assert demo.held(user) == 0


@pytest.mark.parametrize(
    ("model", "is_estimated"),
    [("no-usage", True), ("negative-usage", True), ("zero-usage", True), ("wrong-usage", True), ("usage-twice", False)],
)
@pytest.mark.parametrize("is_stream", [False, True])
def test_usage_that_is_missing_or_wrong_is_counted(demo: Demo, model: str, is_estimated: bool, is_stream: bool) -> None:
    user = demo.new_user()
    answer = demo.chat(model, user, stream=is_stream)
    receipt = demo.receipt(answer.headers["x-request-id"])
    assert (receipt["status"], receipt["estimated"]) == ("settled", is_estimated)
    assert Fraction(receipt["charge"]) == arithmetic(receipt) == Fraction(5) - demo.spendable(user) > 0


def test_an_empty_answer_is_free(demo: Demo) -> None:
    user = demo.new_user()
    answer = demo.chat("empty", user)
    assert (answer.status_code, demo.spendable(user), demo.held(user)) == (200, 5, 0)


@pytest.mark.slow
def test_an_answer_of_ten_megabytes_comes_whole(demo: Demo) -> None:
    """Only an answer longer than every buffer shows that none of them cuts it."""
    user = demo.new_user("500")
    answer = demo.chat("big", user)
    assert len(answer.content) > 9_000_000 and answer.json()["paywall"]["action"] == "none"
    streamed = demo.chat("big", user, stream=True, max_tokens=10_000_000)
    assert len(streamed.content) > 9_000_000 and streamed.text.rstrip().endswith("data: [DONE]")
    receipts = [demo.receipt(got.headers["x-request-id"]) for got in (answer, streamed)]
    # The first says that it wrote more than it was allowed to; what is charged is the bound.
    assert [receipt["lines"][-1]["tokens"] for receipt in receipts] == [2_500_000, 2_500_000]
    whole, piecewise = (Fraction(receipt["charge"]) for receipt in receipts)
    assert whole == Fraction(receipts[0]["hold"]) and piecewise == arithmetic(receipts[1])
    assert [Fraction(receipt["shortfall"]) + Fraction(receipt["charge"]) for receipt in receipts] == [
        arithmetic(receipt) for receipt in receipts
    ]
    assert (demo.held(user), demo.spendable(user)) == (0, 500 - whole - piecewise)


@pytest.mark.unhurried
def test_an_upstream_that_is_down_is_a_bad_gateway(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> None:
    # The server's own upstream lives on; one that never listened is reached through a paywall of its own kind.
    with upstream.running() as short_lived:
        base_url = short_lived.base_url
        with running(tmp_path_factory.mktemp("down"), "--upstream", base_url) as other:
            user = other.new_user()
            assert other.chat("ok", user).status_code == 200
            before = other.spendable(user)
            _stop(short_lived)
            answer = other.chat("ok", user)
            assert (answer.status_code, answer.json()["error"]["provider_status"]) == (502, None)
            assert (other.spendable(user), other.held(user)) == (before, 0)


def _stop(emulator: RunningUpstream) -> None:
    os.kill(emulator.pid, signal.SIGKILL)
    while True:
        try:
            httpx.get(f"{emulator.base_url}/models", timeout=1)
        except httpx.TransportError:
            return
