"""Several models under faults, over real HTTP: who leaves, who does not read, who is silent, and what that costs."""

import json
import os
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from llmwise import LLMWise

from app import db
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.paywalls.configuration import Disconnect, epoch_subject
from tests.emulators.upstream import RunningUpstream
from tests.support.books import editing
from tests.support.faulty import A, B, C, Faulty, events, running_faulty
from tests.support.paid import using
from tests.support.server import QUESTION, Demo
from tests.support.waiting import wait_until

ALL = [A, B, C]
SAID: list[Any] = [{"role": "user", "content": "What is a coin slot?"}]
COMMENT_SECONDS, LEG_SECONDS, WHOLE_SECONDS = 0.4, 4, 1.5
HALF_OPEN = 60
GROWTH_BYTES_MAX = 80_000_000
"""All that waited to be read is more than that."""
WORDY = 6_000
"""How many events of 16 KiB each model has to say to somebody who does not read."""
CLOSED_SECONDS_MAX = 0.2
"""So soon after a client has left all upstreams are closed."""
TRIES = 4
"""How often that is tried: a machine may be busy once."""


@pytest.fixture(scope="module")
def faulty(emulated: RunningUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    with running_faulty(
        tmp_path_factory.mktemp("faulty"), emulated, SILENCE_SECONDS_MAX="3", COMMENT_SECONDS=str(COMMENT_SECONDS),
        LEG_SECONDS_MAX=str(LEG_SECONDS), WHOLE_SECONDS_MAX=str(WHOLE_SECONDS), HEAD_SECONDS_MAX="3",
    ) as started:  # fmt: skip
        yield started
        assert started.demo.audit() == "The books balance."


def leave(faulty: Faulty, pieces: int) -> tuple[str, dict[int, int], float]:
    """Leaves a Compare of three after so many pieces of each; returns its id, what came of each, and how long it took
    until all three upstreams were closed."""
    came = dict.fromkeys(range(3), 0)
    body = {"models": ALL, "messages": QUESTION, "max_tokens": 400}
    url, headers = f"{faulty.demo.base_url}/api/v1/compare", faulty.client.headers
    with httpx.stream("POST", url, json=body, headers=headers) as answer:
        request_id = answer.headers["x-request-id"]
        for line in answer.iter_lines():
            if line.startswith("data:"):
                came[json.loads(line[5:])["leg"]] += 1
            if min(came.values()) >= pieces:
                break
    left = time.monotonic()
    wait_until(lambda: faulty.outcomes() == ["disconnected"] * 3)
    return request_id, came, time.monotonic() - left


@pytest.mark.unhurried
def test_who_leaves_closes_all_upstreams_at_once_and_pays_for_what_came_once(faulty: Faulty) -> None:
    took = []
    for _ in range(TRIES):
        faulty.become(a="ok:400:20", b="ok:400:20", c="ok:400:20")
        before = faulty.paid()
        request_id, came, seconds = leave(faulty, 10)
        receipt = faulty.receipt(request_id)
        assert (receipt["status"], receipt["disconnect"], receipt["charge"]) == ("settled", "cancel", "1")
        for leg in receipt["legs"]:
            assert (leg["status"], leg["reason"], leg["estimated"]) == ("cut", "client_gone", True)
            (output,) = (line["tokens"] for line in leg["lines"] if line["kind"] == "output")
            assert came[leg["leg"]] <= output <= 3 * came[leg["leg"]] + 60, "about what was sent until it was noticed"
        assert faulty.paid() == before - 1
        took.append(seconds)
        if seconds < CLOSED_SECONDS_MAX:
            break
    assert min(took) < CLOSED_SECONDS_MAX, took


@pytest.mark.unhurried
def test_a_quiet_stream_says_that_it_lives_to_both_clients_and_ends_with_what_went_wrong(faulty: Faulty) -> None:
    faulty.become(a="hung", b="hung", c="hung")
    before = faulty.paid()
    answer = faulty.ask("judge", contestants=[A, B], judge=C)
    *legs, error = events(answer.text)
    assert [(one["event"], one["reason"]) for one in legs] == [("leg", "too_slow")] * 2
    assert (answer.status_code, error["status_code"], error["refunded"], error["done"]) == (200, 504, True, True)
    comments = re.findall(r"^: waiting for the model\n\\n\n\n", answer.text, re.MULTILINE)
    assert len(comments) >= LEG_SECONDS / COMMENT_SECONDS / 2 and answer.text.startswith(": waiting")
    assert (faulty.outcomes(), faulty.paid()) == (["disconnected"] * 2, before)
    faulty.become(a="thinking:8:1800", b="thinking:8:900")
    with LLMWise(faulty.account_key, base_url=faulty.demo.base_url) as client:
        heard = list(client.compare_stream(models=[A, B], messages=SAID))
    assert heard[-1]["done"] and {one["model"] for one in heard if one.get("delta")} == {A, B}


@pytest.mark.unhurried
def test_what_is_given_whole_ends_within_its_time_with_what_is_there(faulty: Faulty) -> None:
    faulty.become(a="hung", b="ok", c="hung")
    before = faulty.paid()
    asked: dict[str, dict[str, Any]] = {
        "judge": {"contestants": [A, B], "judge": C}, "blend": {"models": [A, B], "synthesizer": C},
        "compare": {"models": [A, C]}, "chat": {"model": A, "routing": {"fallback": [C]}},
    }  # fmt: skip

    def ask(mode: str) -> tuple[httpx.Response, float]:
        begun = time.monotonic()
        return faulty.ask(mode, stream=False, **asked[mode]), time.monotonic() - begun

    with ThreadPoolExecutor(len(asked)) as pool:  # side by side, each waits as long as it would alone
        for mode, (answer, seconds) in zip(asked, pool.map(ask, asked), strict=True):
            assert answer.status_code == 504 and answer.json().keys() == {"error", "code"}, (mode, answer.text)
            assert seconds < 10
    assert faulty.paid() == before
    compared = faulty.ask("compare", models=ALL, stream=False).json()
    assert [(one["status"], one["reason"]) for one in compared["responses"]] == [
        ("cut", "too_slow"), ("answered", None), ("cut", "too_slow")
    ]  # fmt: skip
    assert compared["credits_charged"] == 1
    wait_until(lambda: "running" not in faulty.outcomes())


@pytest.mark.unhurried
def test_a_chat_of_one_model_that_is_given_whole_ends_within_its_time_and_costs_nothing(faulty: Faulty) -> None:
    faulty.become(a="hung", b="silent", c="hung")  # one says nothing, one begins and falls silent
    before = faulty.paid()
    for model, more in ((A, {}), (B, {}), (A, {"Idempotency-Key": "whole-1"}), (C, {"X-Paywall-Billing": "platform"})):
        begun = time.monotonic()
        body = {"model": model, "messages": QUESTION, "max_tokens": 400, "stream": False}
        answer = faulty.client.post("/api/v1/chat", json=body, headers=more)
        took = time.monotonic() - begun
        assert answer.status_code == 504 and answer.json().keys() == {"error", "code"}, (model, answer.text)
        assert WHOLE_SECONDS <= took < WHOLE_SECONDS + 8 and "Nothing was charged" in answer.json()["error"]
        receipt = faulty.receipt(answer.headers["x-request-id"])
        assert (receipt["status"], receipt["charge"]) == ("released", "0")
    assert faulty.paid() == before
    wait_until(lambda: faulty.outcomes() == ["disconnected"] * 4)
    faulty.become(a="ok:4")
    body = {"model": A, "messages": QUESTION, "max_tokens": 400, "stream": False}
    again = faulty.client.post("/api/v1/chat", json=body, headers={"Idempotency-Key": "whole-1"})
    assert again.status_code == 200 and again.json()["credits_charged"] == before - faulty.paid() == 1


@pytest.mark.unhurried
def test_openais_own_route_waits_for_as_long_as_its_provider_may(faulty: Faulty) -> None:
    faulty.become(a="slow-first:2:2500")
    body = {"model": A, "messages": QUESTION, "max_tokens": 400}
    answer = faulty.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200 and answer.elapsed.total_seconds() > WHOLE_SECONDS


def memory_of(demo: Demo) -> int:
    """Returns the bytes that the server has in memory."""
    return int(Path(f"/proc/{demo.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def kernel_bytes() -> int:
    """Returns how many bytes of a connection the system itself may keep, sent and not read: more where it is busy."""
    ipv4 = Path("/proc/sys/net/ipv4")
    return sum(int((ipv4 / name).read_text().split()[2]) for name in ("tcp_rmem", "tcp_wmem"))


def open_slowly(faulty: Faulty, body: dict[str, Any]) -> tuple[socket.socket, str]:
    """Asks for a stream on a connection that takes little, and reads its beginning; returns it, and its request."""
    address, content = urlsplit(faulty.demo.base_url), json.dumps({"messages": QUESTION, **body}).encode()
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    made.settimeout(60)
    made.connect((address.hostname, address.port))
    head = f"POST /api/v1/compare HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {faulty.account_key}\r\n"
    made.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
    read = b""
    while b'"delta"' not in read:
        piece = made.recv(4_096)
        assert piece, read
        read += piece
    return made, read.split(b"x-request-id: ")[1].split(b"\r\n")[0].decode()


@pytest.mark.slow
def test_who_does_not_read_holds_every_model_up_and_is_a_client_gone_in_the_end(faulty: Faulty) -> None:
    """Only a real socket, full on both sides, shows who is held up by whom."""
    faulty.become(b=f"wordy:{WORDY}", c=f"wordy:{WORDY}")
    before, memory = faulty.paid(), memory_of(faulty.demo)
    connection, request_id = open_slowly(faulty, {"models": [B, C], "max_tokens": 3_000_000})
    with connection:
        wait_until(lambda: faulty.outcomes() == ["disconnected"] * 2)
        taken = [one["bytes_out"] for one in faulty.upstream.seen()]
        assert max(taken) < kernel_bytes() + 4_000_000 < WORDY * 16_384, "there was more of each to be read"
        assert memory_of(faulty.demo) - memory < GROWTH_BYTES_MAX
        with pytest.raises(ConnectionResetError):
            while connection.recv(65_536):
                pass
    receipt = faulty.receipt(request_id)
    assert (receipt["status"], receipt["disconnect"]) == ("settled", "cancel") and int(receipt["charge"]) >= 1
    assert faulty.paid() == before - int(receipt["charge"])


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/api/v1/judge", pytest.param("/talk/compare", marks=pytest.mark.long)])
def test_half_open_panels_end_in_time_hold_nothing_and_are_in_nobodys_way(faulty: Faulty, path: str) -> None:
    """Only sockets whose bodies come byte by byte show how long one is waited for."""
    faulty.become(a="ok", b="ok", c="ok")
    before, address = faulty.paid(), urlsplit(faulty.demo.base_url)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {faulty.account_key}\r\n"
    with ExitStack() as stack:
        opened = [
            stack.enter_context(socket.create_connection((address.hostname, address.port), 30))
            for _ in range(HALF_OPEN)
        ]
        for one in opened:
            one.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n".encode() + b'{"')
        end, answered = time.monotonic() + 30, False
        while left := [one for one in opened if not is_closed(one)]:
            assert time.monotonic() < end, f"{len(left)} of them are waited for"
            for one in left:
                with suppress(OSError):
                    one.sendall(b" ")
            if not answered:
                answered = faulty.ask("compare", models=[A, B], stream=False).json()["credits_charged"] == 1
    assert answered and faulty.paid() == before - 1 and len(faulty.upstream.seen()) == 2


def is_closed(connection: socket.socket) -> bool:
    """Tells whether the other side has closed a connection, after reading what it said before."""
    connection.settimeout(0.01)
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.unhurried
def test_refusals_and_clients_that_leave_start_no_fallback_and_keep_nobody_away(
    faulty: Faulty, amount: Callable[[str], int]
) -> None:
    refusals, leavers = amount("refused-requests"), amount("refused-requests") // 10
    faulty.become(a="error-400", b="ok")
    before, routing = faulty.paid(), {"fallback": [B]}
    for number in range(refusals):
        mode, body = ("chat", {"model": A, "routing": routing}) if number % 2 else ("compare", {"models": [A, B]})
        answer = faulty.ask(mode, **body)
        assert answer.status_code == (400 if mode == "chat" else 200)
    faulty.upstream.become(**{A: "hung"})
    url, headers = f"{faulty.demo.base_url}/api/v1/chat", faulty.client.headers
    for _ in range(leavers):
        with suppress(httpx.ReadTimeout):
            httpx.post(url, json={"model": A, "messages": QUESTION, "routing": routing}, headers=headers, timeout=0.3)
    wait_until(lambda: "running" not in faulty.outcomes())
    asked = Counter(one["model"] for one in faulty.upstream.seen())
    assert asked == {A: refusals + leavers, B: refusals // 2}, "each B is a leg of a Compare, none a fallback"
    faulty.upstream.become(**{A: "ok"})
    whole = faulty.ask("chat", model=A, routing=routing, stream=False).json()
    assert [one["status"] for one in whole["trace"]] == ["answered"] and whole["final_model"] == A
    assert faulty.paid() == before - refusals // 2 - 1


@pytest.mark.unhurried
@pytest.mark.parametrize("mode", ["compare", "chat"])
@pytest.mark.parametrize("policy", [Disconnect.DRAIN, Disconnect.FREE])
def test_who_leaves_where_answers_are_drained_or_given_free(faulty: Faulty, policy: Disconnect, mode: str) -> None:
    """What the paywall says holds from the next request on, whatever the process has read of it before."""
    others = {Disconnect.DRAIN: Disconnect.CANCEL, Disconnect.FREE: Disconnect.DRAIN}
    set_policy(faulty, others[policy])
    faulty.become(c="ok")
    faulty.ask("chat", model=C, stream=False).raise_for_status()
    set_policy(faulty, policy)
    faulty.become(a="ok:40:20", b="ok:30:20", c="ok:8")
    before = faulty.paid()
    request_id = leave_early(faulty, mode)
    receipt, legs = faulty.receipt(request_id), 3 if mode == "compare" else 1
    assert receipt["disconnect"] == policy.value and receipt["status"] == "settled"
    wait_until(lambda: "running" not in faulty.outcomes())
    if policy is Disconnect.DRAIN:
        assert faulty.outcomes() == ["answered"] * legs and receipt["charge"] == "1"
        ended = {(leg["status"], leg["reason"]) for leg in receipt.get("legs") or ()}
        # A very busy machine may count for longer than a leg may take here; nobody is cut because a client left.
        assert ended <= {("answered", None), ("cut", "too_slow")}
    else:
        assert faulty.outcomes().count("disconnected") >= min(legs, 2)
        assert receipt["charge"] == "0" and receipt["shortfall"] != "0"
    assert faulty.paid() == before - int(receipt["charge"])


def leave_early(faulty: Faulty, mode: str) -> str:
    """Asks one model or three, and leaves once one has said a word; returns the request's id."""
    asked = {"models": ALL} if mode == "compare" else {"model": A, "stream": True}
    body, url = {"messages": QUESTION, "max_tokens": 400, **asked}, f"{faulty.demo.base_url}/api/v1/{mode}"
    with httpx.stream("POST", url, json=body, headers=faulty.client.headers) as answer:
        next(line for line in answer.iter_lines() if line.startswith("data:"))
        return str(answer.headers["x-request-id"])


def set_policy(faulty: Faulty, policy: Disconnect) -> None:
    """Publishes what the operator's paywall does where a client goes away."""
    made = json.loads((faulty.demo.data / "instance.json").read_text())
    paywall_id = made["credits"]["id"]
    with using(made["database_url"], faulty.demo.data), db.transaction() as session:
        with editing(session, paywall_id) as edition:
            edition.configuration = replace(edition.configuration, disconnect=policy)
        apply_one(session, BumpEpoch(epoch_subject(paywall_id)))


@pytest.mark.unhurried
def test_what_fails_before_anything_came_has_its_status_and_costs_nothing(faulty: Faulty) -> None:
    before = faulty.paid()
    faulty.become(a="error-400", b="error-500", c="error-400")
    failed = faulty.ask("compare", models=ALL)
    assert (failed.status_code, failed.json()["code"]) == (502, "not_enough_answers")
    faulty.become(a="error-503", b="error-503", c="ok")
    # Of one request only one failure counts, and one of each was there before at most.
    for _ in range(6):
        faulty.ask("compare", models=[A, B])
        faulty.ask("compare", models=[B, A])
    seen = len(faulty.upstream.seen())
    refused = faulty.ask("blend", models=[A, B], synthesizer=C)
    assert (refused.status_code, refused.json()["code"]) == (503, "all_routes_open")
    assert 1 <= int(refused.headers["retry-after"]) <= 30 and len(faulty.upstream.seen()) == seen
    assert faulty.paid() == before
